"""``cohort.json``: what it says, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from contreg_core.cache import CachedCohort
from contreg_core.cache.cohort_file import subject_path
from contreg_core.errors import DataError, MismatchError, MissingError, UsageError
from contreg_core.preprocessing.spec import Preprocessing


@pytest.fixture
def copy(toy_cache: CachedCohort, tmp_path: Path) -> CachedCohort:
    spec = Preprocessing(intensity="nyul", window=(50.0, 100.0), crop=(4, 4, 4), crop_offset=(0, 1, 2))
    cohort = replace(
        toy_cache, folder=tmp_path, preprocessing=spec, landmarks=(0.1, 2.0), failed={"x": "torn é"}
    )
    cohort.save()
    return cohort


def test_round_trip(copy: CachedCohort) -> None:
    assert CachedCohort.open(copy.folder) == copy


def test_splits_protocols_and_scans(toy_cache: CachedCohort) -> None:
    assert [scan.id for scan in toy_cache.split("train")] == list("abcde")
    assert [scan.id for scan in toy_cache.split("test")] == ["f", "g"]
    assert toy_cache.protocol() == toy_cache.protocol("toy/contreg")
    with pytest.raises(UsageError, match="no protocol 'dice'") as caught:
        toy_cache.protocol("dice")
    assert "toy/contreg" in caught.value.hint
    assert toy_cache.load("a").image.shape == (8, 12, 8)


def test_of_rigid_copies_the_one_in_the_own_space_counts(toy_cache: CachedCohort) -> None:
    scans = [replace(scan, subject=scan.id, space="a") for scan in toy_cache.scans]
    for only, expected in ((False, len(scans)), (True, 1)):
        cohort = replace(toy_cache, fixed_only_own_space=only)
        assert len(cohort.own_space(scans)) == expected


def test_sources_of_a_scan_that_is_gone_are_none(copy: CachedCohort) -> None:
    assert copy.sources("a") == {}


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="nothing was prepared"):
        CachedCohort.open(tmp_path)


def test_another_schema(copy: CachedCohort) -> None:
    path = copy.folder / "cohort.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(MismatchError, match="schema 2, expected 1"):
        CachedCohort.open(copy.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}', "\xff"])
def test_what_is_no_cohort_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "cohort.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="unreadable"):
        CachedCohort.open(tmp_path)


KEYS = ("name", "preprocessing", "labels", "protocols", "default_protocol", "landmarks", "scans", "failed")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [None, 3, [{"unknown": 1}], "absent"])
def test_what_is_damaged(copy: CachedCohort, key: str, value: object) -> None:
    path = copy.folder / "cohort.json"
    record = json.loads(path.read_text())
    if value == "absent":
        del record[key]
    elif key in ("name", "default_protocol"):
        pytest.skip("any value reads as text")
    else:
        record[key] = value
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match="unreadable"):
        CachedCohort.open(copy.folder)


@pytest.mark.parametrize("scan", ["../a", "/a", "a/b", ""])
def test_an_id_that_leads_out_of_the_cache_is_refused(tmp_path: Path, scan: str) -> None:
    with pytest.raises(DataError, match="cannot name a file"):
        subject_path(tmp_path, scan)


def test_a_merge_is_kept_and_older_files_have_none(copy: CachedCohort) -> None:
    merged = replace(copy, protocols=(replace(copy.protocols[0], merge={1010: 1002}),))
    merged.save()
    path = copy.folder / "cohort.json"
    record = json.loads(path.read_text())
    assert record["protocols"][0]["merge"] == {"1010": 1002}
    assert CachedCohort.open(copy.folder) == merged
    del record["protocols"][0]["merge"]
    path.write_text(json.dumps(record))
    assert CachedCohort.open(copy.folder) == copy
