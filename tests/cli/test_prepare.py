"""``contreg prepare`` and ``contreg data`` on files: what is found, what fails, what is kept."""

import json
import os
import signal

import pytest

from contreg_core.cache import CachedCohort, write_subject


def prepare(contreg, source, root, *more):
    return contreg(
        "prepare", "--data", "lpba40", "--source", source, "--cache", root, "--spacing", "0", *more
    )


def cohort(root):
    return CachedCohort.open(next(root.iterdir()))


def test_what_was_found_is_said(contreg, lpba40, tmp_path):
    result = prepare(contreg, lpba40, tmp_path / "cache")
    assert result.code == 0
    assert "lpba40: 3 scans of 3 subjects (2 train, 1 test)" in result.out
    assert "3 of 3 scans: " in result.out
    assert "3 prepared, 0 cached, 0 failed" in result.out
    assert str(cohort(tmp_path / "cache").folder) in result.out


def test_again_does_nothing_and_a_changed_file_is_made_again(contreg, lpba40, tmp_path):
    prepare(contreg, lpba40, tmp_path / "cache")
    assert "0 prepared, 3 cached" in prepare(contreg, lpba40, tmp_path / "cache").out
    image = next(lpba40.rglob("fixed.nii.gz"))
    image.touch()
    assert "1 prepared, 2 cached" in prepare(contreg, lpba40, tmp_path / "cache").out


def test_a_truncated_file_fails_alone(contreg, lpba40, tmp_path):
    image = next(lpba40.rglob("fixed.nii.gz"))
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    result = prepare(contreg, lpba40, tmp_path / "cache")
    assert result.code == 3
    assert "1 of 3 scans failed" in result.error
    assert str(image) in result.err
    assert len(cohort(tmp_path / "cache").scans) == 2
    image.write_bytes(whole)
    assert "1 prepared, 2 cached, 0 failed" in prepare(contreg, lpba40, tmp_path / "cache").out


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)]
)
def test_a_signal_lets_the_scan_end(contreg, lpba40, tmp_path, monkeypatch, number, code):
    def interrupted(*scan):
        os.kill(os.getpid(), number)
        write_subject(*scan)

    with monkeypatch.context() as patch:
        patch.setattr("contreg_core.prepare.write_subject", interrupted)
        result = prepare(contreg, lpba40, tmp_path / "cache")
    assert result.code == code
    assert f"stopped by {number.name} after 1 of 3, which are kept" in result.error
    assert "2 prepared, 1 cached" in prepare(contreg, lpba40, tmp_path / "cache").out


def test_a_second_signal_ends_prepare_at_once(contreg, lpba40, tmp_path, monkeypatch):
    def impatient(*_):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("not stopped")

    monkeypatch.setattr("contreg_core.prepare.write_subject", impatient)
    assert prepare(contreg, lpba40, tmp_path / "cache").code == 130


def test_nothing_usable_is_a_data_error(contreg, lpba40, tmp_path):
    for path in lpba40.rglob("*.nii.gz"):
        path.write_bytes(path.read_bytes()[:400])
    result = prepare(contreg, lpba40, tmp_path / "cache")
    assert result.code == 65
    assert "no scan could be prepared" in result.error
    checked = contreg("data", "check", "lpba40", "--source", lpba40)
    assert checked.code == 65


def test_workers_make_the_same_cache(contreg, lpba40, tmp_path):
    prepare(contreg, lpba40, tmp_path / "one")
    result = prepare(contreg, lpba40, tmp_path / "two", "--workers", "2")
    assert result.code == 0
    one, two = cohort(tmp_path / "one"), cohort(tmp_path / "two")
    assert one.scans == two.scans
    assert all((one.load(s.id).image == two.load(s.id).image).all() for s in one.scans)


def test_shards_make_the_whole(contreg, lpba40, tmp_path):
    for part in ("1/2", "2/2"):
        assert prepare(contreg, lpba40, tmp_path / "cache", "--shard", part).code == 0
    assert [scan.id for scan in cohort(tmp_path / "cache").scans] == ["S01", "S02", "S31"]


@pytest.mark.parametrize("data", ["lpba40"])
def test_a_folder_that_is_not_there(contreg, tmp_path, data):
    result = contreg("prepare", "--data", data, "--source", tmp_path / "nowhere", "--cache", tmp_path)
    assert result.code == 66
    assert "no such folder" in result.error
    assert contreg("data", "check", data).code == 66


def test_a_cache_that_cannot_be_written_is_found_before_any_work(contreg, lpba40, tmp_path):
    (tmp_path / "cache").write_text("a file, no folder")
    result = prepare(contreg, lpba40, tmp_path / "cache")
    assert result.code == 73
    assert "prepare" not in result.err.replace(result.error, "")


def test_data_list_show_check(contreg, lpba40, cache):
    listed = json.loads(contreg("data", "list", "--cache", cache, "--json").out)
    assert [one["cohort"] for one in listed["caches"]] == ["synthetic"]
    assert {"lpba40", "synthetic"} <= {one["name"] for one in listed["cohorts"]}
    shown = json.loads(contreg("data", "show", "lpba40", "--source", lpba40, "--cache", cache, "--json").out)
    assert shown["splits"] == {"train": 2, "test": 1}
    assert len(shown["labels"]) == 56
    checked = contreg("data", "check", "lpba40", "--source", lpba40)
    assert checked.code == 0
    assert "all 3 scans can be used" in checked.out
    for words in (["list"], ["show", "synthetic"], ["show", "lpba40"]):
        assert contreg("data", *words, "--cache", cache).code == 0


def test_a_damaged_cache_is_a_warning_in_the_list(contreg, tmp_path):
    (tmp_path / "lpba40-0").mkdir()
    (tmp_path / "lpba40-0" / "cohort.json").write_text("{")
    result = contreg("data", "list", "--cache", tmp_path)
    assert result.code == 0
    assert result.err.startswith("warning: ")
