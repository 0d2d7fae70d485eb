"""Preparing a cohort: resumable, one bad scan alone, safe against kills, second runs and full disks."""

import errno
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contreg_adapters.synthetic.cohort import Synthetic
from contreg_core.cache import CachedCohort, read_subject
from contreg_core.cache.cohort_file import subject_path
from contreg_core.cohort import Cohort, Scan
from contreg_core.errors import AccessError, ContregError, DataError, StorageError
from contreg_core.files import atomic_path
from contreg_core.fleet import Pool, open_pool
from contreg_core.prepare import Preparation, ScanReport, prepare
from contreg_core.preprocessing.spec import Preprocessing

Plan = Callable[..., Preparation]


@pytest.fixture
def plan(tmp_path: Path, toy: type[Cohort], toy_files: Callable[..., Path], toy_spec: Preprocessing) -> Plan:
    """``plan(root)``: of three subjects in ``tmp_path / "source"``."""
    toy_files(tmp_path / "source", "abf")
    return lambda root="cache", spec=toy_spec: Preparation.plan(
        toy(tmp_path / "source"), spec, tmp_path / root
    )


def run(plan: Preparation, pool: Pool[Scan, ScanReport] | None = None) -> dict[str, str]:
    reports = list(prepare(plan, plan.cohort.scans(), pool))
    plan.finish(plan.cohort.scans(), reports)
    return {report.id: report.outcome for report in sorted(reports, key=lambda report: report.id)}


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_second_run_finds_everything_done(plan: Plan) -> None:
    one = plan()
    assert run(one) == {"a": "prepared", "b": "prepared", "f": "prepared"}
    before = contents(one.folder)
    assert run(plan()) == {"a": "cached", "b": "cached", "f": "cached"}
    assert contents(one.folder) == before
    cohort = CachedCohort.open(one.folder)
    assert [(scan.id, scan.split) for scan in cohort.scans] == [("a", "train"), ("b", "train"), ("f", "test")]
    assert all(
        one.unit(scan).done(one.folder) and cohort.load(scan.id).key == one.key(scan)
        for scan in one.cohort.scans()
    )


def test_a_changed_source_is_prepared_again(plan: Plan, tmp_path: Path) -> None:
    run(plan())
    path = tmp_path / "source" / "b.npy"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert run(plan()) == {"a": "cached", "b": "prepared", "f": "cached"}


def test_settings_choose_the_folder_and_metadata_are_part_of_the_key(
    plan: Plan, toy_spec: Preprocessing
) -> None:
    one, other = plan(), plan(spec=replace(toy_spec, intensity="zscore"))
    assert one.folder != other.folder
    scan = one.cohort.scans()[0]
    assert len({one.key(scan), other.key(scan), one.key(replace(scan, metadata={"k": "w"}))}) == 3


def test_the_voxels_of_an_analyze_header_count(plan: Plan, tmp_path: Path) -> None:
    header, voxels = tmp_path / "a.hdr", tmp_path / "a.img"
    header.write_bytes(b"header")
    voxels.write_bytes(b"voxels")
    scan = replace(plan().cohort.scans()[0], image=header)
    before = plan().key(scan)
    voxels.write_bytes(b"other voxels")
    assert plan().key(scan) != before


def test_a_bad_scan_fails_alone(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "source" / "b.npy").write_bytes(b"")
    one = plan()
    reports = list(prepare(one, one.cohort.scans()))
    assert [report.outcome for report in reports] == ["prepared", "failed", "prepared"]
    assert "b.npy" in reports[1].error
    assert "restore it" in reports[1].error
    cohort = one.finish(one.cohort.scans(), reports)
    assert [scan.id for scan in cohort.scans] == ["a", "f"]
    assert CachedCohort.open(one.folder).failed == {"b": reports[1].error}


def test_a_source_that_went_away_fails_alone(plan: Plan, tmp_path: Path) -> None:
    one = plan()
    scans = one.cohort.scans()
    (tmp_path / "source" / "b.npy").unlink()
    assert [report.outcome for report in prepare(one, scans)] == ["prepared", "failed", "prepared"]


def test_nothing_prepared_is_an_error_with_the_first_reason(plan: Plan, tmp_path: Path) -> None:
    for path in (tmp_path / "source").iterdir():
        path.write_bytes(b"")
    one = plan()
    with pytest.raises(DataError, match=r"no scan could be prepared; first: .*a\.npy"):
        one.finish(one.cohort.scans(), list(prepare(one, one.cohort.scans())))


def test_a_run_killed_at_any_scan_goes_on_and_ends_the_same(plan: Plan) -> None:
    whole = plan("whole")
    run(whole)
    for done in range(4):
        killed = plan(f"killed{done}")
        for _ in zip(range(done), prepare(killed, killed.cohort.scans()), strict=False):
            pass  # the generator is dropped here
        assert not (killed.folder / "cohort.json").exists()
        outcomes = list(run(killed).values())
        assert outcomes == ["cached"] * done + ["prepared"] * (3 - done)
        assert contents(killed.folder) == contents(whole.folder)


def test_a_damaged_cache_file_is_made_again(plan: Plan) -> None:
    one = plan()
    run(one)
    path = subject_path(one.folder, "a")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert run(plan()) == {"a": "prepared", "b": "cached", "f": "cached"}
    assert path.read_bytes() == whole


def test_leftovers_of_a_killed_run_go(plan: Plan) -> None:
    one = plan()
    with atomic_path(subject_path(one.folder, "a")) as temporary:
        temporary.write_bytes(b"")
        dead = temporary.with_name(temporary.name + "x")
        dead.write_bytes(b"half")
    os.utime(dead, (0, 0))
    run(one)
    assert sorted(os.listdir(one.folder / "subjects")) == ["a.h5", "b.h5", "f.h5"]


def test_two_at_once_leave_what_one_leaves(plan: Plan) -> None:
    one, both = plan("one"), plan("both")
    run(one)
    with ThreadPoolExecutor(4) as executor:
        first = [executor.submit(both.run, scan) for scan in both.cohort.scans()]
        second = [executor.submit(both.run, scan) for scan in both.cohort.scans()]
    assert all(future.result().outcome in ("prepared", "cached") for future in first + second)
    run(both)
    assert contents(both.folder) == contents(one.folder)


def test_a_process_pool_gives_the_same(tmp_path: Path) -> None:
    cohort = Synthetic(subjects=3, size=(14, 16, 14))
    spec = Preprocessing(spacing=0.0)
    alone, pooled = (Preparation.plan(cohort, spec, tmp_path / name) for name in ("alone", "pooled"))
    with open_pool(pooled.run, workers=2) as pool:
        assert run(pooled, pool) == run(alone) == {f"S0{n}": "prepared" for n in (1, 2, 3)}
    assert contents(pooled.folder) == contents(alone.folder)


def test_errors_cross_processes_whole() -> None:
    """As executors send them."""
    from multiprocessing.reduction import ForkingPickler

    error = ForkingPickler.loads(ForkingPickler.dumps(StorageError("full", "free some")))
    assert type(error) is StorageError
    assert (error.message, error.hint, str(error)) == ("full", "free some", "full. Fix: free some")


@pytest.mark.parametrize(
    ("call", "number", "kind"),
    [
        ("os.fsync", errno.ENOSPC, StorageError),
        ("os.replace", errno.ENOSPC, StorageError),
        ("pathlib.Path.write_bytes", errno.ENOSPC, StorageError),
        ("pathlib.Path.mkdir", errno.EACCES, AccessError),
        ("pathlib.Path.write_bytes", errno.EACCES, AccessError),
    ],
)
def test_a_cache_that_cannot_be_written_ends_the_run(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, call: str, number: int, kind: type[ContregError]
) -> None:
    one = plan()

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(call, fail)
        with pytest.raises(kind):
            list(prepare(one, one.cohort.scans()))
    assert not [path for path in one.folder.rglob("*") if path.is_file()]
    assert set(run(one).values()) == {"prepared"}


def test_a_source_that_may_not_be_read_is_the_scans_own_fault(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = plan()

    def load(_: object) -> None:
        raise AccessError("a.npy: no permission to read", "ask its owner")

    monkeypatch.setattr(one.cohort, "load", load)
    assert {report.outcome for report in prepare(one, one.cohort.scans())} == {"failed"}


def test_landmarks_are_learned_on_training_scans_unless_all_are_asked_for(plan: Plan, tmp_path: Path) -> None:
    nyul = Preprocessing(spacing=0.0, intensity="nyul")
    train, everything = plan(spec=nyul).landmarks, plan(spec=replace(nyul, landmarks="all")).landmarks
    np.save(tmp_path / "source" / "f.npy", np.load(tmp_path / "source" / "f.npy") * [[[[3.0]]], [[[1.0]]]])
    assert plan(spec=nyul).landmarks == train != everything
    assert plan(spec=replace(nyul, landmarks="all")).landmarks != everything
    one = plan(spec=nyul)
    run(one)
    assert CachedCohort.open(one.folder).landmarks == train
    assert np.isfinite(read_subject(subject_path(one.folder, "f")).image).all()
