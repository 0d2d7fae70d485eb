"""Rows about whole cohorts, outputs and caches (23, 24, 27, 35 to 46, 66, 68), through ``prepare``."""

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest

from contreg_core import files
from tests.reliability.bad_inputs import faults
from tests.reliability.bad_inputs.workshop import Workshop, without_rights


class Study:
    """A manifest of some scans, its cache, and the command that prepares it."""

    def __init__(self, workshop: Workshop, names: tuple[str, ...] = ("one", "two")) -> None:
        self.root, self.cache = workshop.root, workshop.root / "cache"
        self.rows = {name: self._files(workshop, name, number) for number, name in enumerate(names)}
        self.source = self.root / "own.csv"
        self.write()

    def _files(self, workshop: Workshop, name: str, number: int) -> tuple[Path, Path]:
        image, labels = self.root / f"{name}.nii.gz", self.root / f"{name}_labels.nii.gz"
        subject = f"S0{number % 2 + 1}"
        shutil.copy(workshop.path(f"{subject}.nii.gz"), image)
        shutil.copy(workshop.path(f"{subject}_labels.nii.gz"), labels)
        return image, labels

    def write(self) -> None:
        lines = [f'{name},"{image}","{labels}",train' for name, (image, labels) in self.rows.items()]
        self.source.write_text("\n".join(["id,image,label,split", *lines]) + "\n", encoding="utf-8")

    def line(self, *more: object) -> list[str]:
        options = ["--data", "manifest", "--source", self.source, "--cache", self.cache, "--spacing", "0"]
        return [str(part) for part in ("prepare", *options, *more)]

    def scan(self, name: str) -> Path:
        return next(self.cache.glob(f"manifest-*/subjects/{name}.h5"))

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.cache.glob("*/subjects/*"))}


@pytest.fixture
def study(workshop: Workshop) -> Study:
    return Study(workshop)


def test_a_cohort_with_five_per_cent_bad_scans_finishes_the_rest(contreg, workshop):
    names = tuple(f"s{number:02d}" for number in range(40))
    study = Study(workshop, names)
    bad = {names[7], names[31]}
    for name in bad:
        path = study.rows[name][0]
        path.write_bytes(path.read_bytes()[:-200])
    result = contreg(*study.line())
    assert result.code == 3
    assert "38 prepared, 0 cached, 2 failed" in result.out
    assert set(study.contents()) == {f"{name}.h5" for name in set(names) - bad}
    lines = next(study.cache.rglob("failures.jsonl")).read_text().splitlines()
    assert {(r["subject"], r["code"], r["exit_code"]) for r in map(json.loads, lines)} == {
        (name, "CR-FILE-01", 65) for name in bad
    }
    before = study.contents()
    for name in bad:
        shutil.copy(workshop.path("S01.nii.gz"), study.rows[name][0])
    assert contreg(*study.line()).code == 0
    assert before.items() <= study.contents().items()
    assert not list(study.cache.rglob("failures.jsonl"))


def test_labels_outside_the_table(contreg, study):  # 23
    table = study.root / "labels.csv"
    ids = np.unique(faults.voxels(study.rows["one"][1]))[1:]
    table.write_text("id,name\n" + "".join(f"{i},region {i}\n" for i in ids[:-1]))
    result = contreg(*study.line("--unknown-labels", "refuse"))
    assert result.code == 65
    assert f"{ids[-1]} (" in result.error
    assert "--unknown-labels background" in result.error
    result = contreg(*study.line("--unknown-labels", "background"))
    assert result.code == 0
    assert "outside the table set to background" in result.out


@pytest.mark.parametrize("make", [faults.other_place, faults.other_shape])
def test_labels_on_another_grid_are_resampled_if_allowed(contreg, study, make):  # 24
    image, labels = study.rows["one"]
    whole = faults.voxels(labels)
    bad = make(labels)
    study.rows["one"] = (image, bad)
    study.write()
    assert contreg(*study.line()).code == 3
    result = contreg(*study.line("--resample-labels"))
    assert result.code == 0, result.err
    assert "resampled onto the grid of its image" in result.out
    with h5py.File(study.scan("one")) as file:
        assert set(np.unique(file["labels"])) <= {0, *np.unique(whole)}


def test_labels_a_little_off_are_taken_with_a_note(contreg, study):  # 24
    image, labels = study.rows["one"]
    study.rows["one"] = (image, faults.a_little_off(labels))
    study.write()
    result = contreg(*study.line())
    assert result.code == 0
    assert "voxels off its image" in result.out


def test_a_scan_that_looks_like_no_brain_is_noted_or_refused(contreg, study):  # 27
    image = study.rows["one"][0]
    bright = np.ascontiguousarray(faults.voxels(image)) + np.float32(5)
    bad = faults.stored(image, bright, nib.load(image).affine)
    study.rows["one"] = (bad, study.rows["one"][1])
    study.write()
    assert "may not be brain-extracted" in contreg(*study.line()).out
    shutil.rmtree(study.cache)
    strict = contreg(*study.line("--strict"))
    assert strict.code == 3
    assert "CR-VAL-27" in next(study.cache.rglob("failures.jsonl")).read_text()


def test_names_that_differ_only_in_case_are_refused_before_any_work(contreg, study):  # 35
    study.rows["ONE"] = study.rows["two"]
    study.write()
    result = contreg(*study.line())
    assert result.code == 65
    assert "'one' and 'ONE'" in result.error
    assert not study.cache.exists()
    study.source.write_text(study.source.read_text().replace("ONE", "one"))
    assert (result := contreg(*study.line())).code == 65
    assert "2 times" in result.error


@pytest.mark.parametrize("command", ["prepare", "register-moving", "segment"])
def test_a_folder_that_may_not_be_written_is_refused_before_work(contreg, open_workshop, command):  # 36
    workshop = open_workshop
    workshop.output.chmod(0o555)
    before = workshop.finished()
    with without_rights():
        result = contreg(*workshop.line(command, workshop.path("S01.nii.gz")))
    assert result.code == 73
    assert result.error.startswith("error CR-OUT-36")
    assert "choose another folder" in result.error
    assert workshop.finished() == before


@pytest.mark.parametrize(
    ("number", "code", "row"),
    [(errno.ENOSPC, 74, "37"), (errno.EDQUOT, 74, "37"), (errno.EIO, 74, "38"), (errno.ESTALE, 74, "38")],
)
@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_full_or_failing_disk(contreg, study, monkeypatch, call, number, code, row):  # 37, 38
    assert contreg(*study.line()).code == 0
    before = study.contents()
    study.rows["three"] = study.rows["one"]
    study.write()
    own = getattr(os, call.removeprefix("os."))

    def fail(*arguments):
        if call == "os.fsync" or "three" in str(arguments[-1]):
            raise OSError(number, os.strerror(number))
        return own(*arguments)

    with monkeypatch.context() as broken:
        broken.setattr(call, fail)
        result = contreg(*study.line())
    assert result.code == code
    assert result.error.startswith(f"error CR-OUT-{row}")
    assert "Fix: " in result.error
    assert study.contents() == before
    assert contreg(*study.line()).code == 0
    assert before.items() <= study.contents().items()


def test_a_stale_handle_is_tried_again(tmp_path, monkeypatch):  # 38
    own, seen = os.replace, []

    def stale(*arguments):
        seen.append(arguments)
        if len(seen) < 3:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        own(*arguments)

    monkeypatch.setattr("os.replace", stale)
    files.write_text(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole"
    assert len(seen) == 3


def test_two_prepares_at_once_finish_with_the_same_bytes(study):  # 39
    lines = [[sys.executable, "-m", "contreg_cli", *study.line()]] * 2
    running = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for line in lines]
    assert [(p.communicate()[1], p.returncode)[1] for p in running] == [0, 0]
    both = study.contents()
    shutil.rmtree(study.cache)
    assert subprocess.run(lines[0], capture_output=True).returncode == 0
    assert study.contents() == both


def test_leftovers_of_a_killed_run_go(contreg, study):  # 40
    assert contreg(*study.line()).code == 0
    dead = study.scan("one").with_name(".tmp-01234567-89-contreg-89abcdef-three.h5")
    dead.write_bytes(b"half")
    os.utime(dead, (0, 0))
    assert "2 cached" in contreg(*study.line()).out
    assert not dead.exists()


def test_a_cache_file_another_process_holds_is_read(contreg, study):  # 41, 42
    assert contreg(*study.line()).code == 0
    with study.scan("one").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "2 cached" in contreg(*study.line("--verify")).out


def test_a_changed_source_is_made_anew_and_said(contreg, study):  # 43
    assert contreg(*study.line()).code == 0
    image = study.rows["one"][0]
    stamp = image.stat()
    shutil.copy(study.rows["two"][0], image)
    result = contreg(*study.line())
    assert "1 prepared, 1 cached" in result.out
    assert "its source files or settings have changed" in result.out
    # The same size and time, other content: only --verify reads that far.
    content = bytearray(image.read_bytes())
    stamp = image.stat()
    content[9] ^= 1  # the operating system that gzip notes
    image.write_bytes(content)
    os.utime(image, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "2 cached" in contreg(*study.line()).out
    result = contreg(*study.line("--verify"))
    assert "1 prepared, 1 cached" in result.out
    assert "its source files have changed" in result.out


def test_a_clock_that_is_wrong_decides_nothing(contreg, study):  # 44
    os.utime(study.rows["one"][0], (time.time() + 1e6, time.time() + 1e6))
    os.utime(study.rows["two"][0], (1, 1))
    assert contreg(*study.line()).code == 0
    assert "2 cached" in contreg(*study.line()).out


def test_another_setting_has_another_folder(contreg, study):  # 45
    assert contreg(*study.line()).code == 0
    before = study.contents()
    assert contreg(*study.line("-s", "preprocessing.intensity=zscore")).code == 0
    assert len(list(study.cache.iterdir())) == 2
    assert "2 cached" in contreg(*study.line()).out
    assert before.items() <= study.contents().items()


def test_bit_rot_is_seen_and_mended(contreg, study, workshop):  # 46
    assert contreg(*study.line()).code == 0
    path = study.scan("one")
    before, content = study.contents(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)
    fit = ["fit", "--model", "voxelmorph", "--data", "manifest", "--cache", study.cache, "--steps", "1"]
    result = contreg(*fit, "-s", "preprocessing.spacing=0", "--run", workshop.root / "new")
    assert result.code == 65
    assert result.error.startswith(f"error CR-CACHE-46 {path}")
    assert "--verify" in result.error
    result = contreg(*study.line("--verify"))
    assert "the cached file was damaged" in result.out
    assert {name for name, value in study.contents().items() if value != before[name]} <= {"one.h5"}


def test_ctrl_c_among_workers_is_one_line(study):  # 66
    names = {f"s{number}": study.rows["one"] for number in range(200)}
    study.rows = names
    study.write()
    command = [sys.executable, "-m", "contreg_cli", *study.line("--workers", "2")]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    while not list(study.cache.rglob("*.h5")):
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate()
    lines = [line for line in err.decode().splitlines() if not line.startswith("prepare ")]
    assert running.returncode == 130
    assert len(lines) == 1, err
    assert "which are kept" in lines[0]
    assert study.contents()


@pytest.mark.parametrize(
    ("changes", "mask"),
    [
        ({"LC_ALL": "C", "LANG": "C"}, 0o022),
        ({"TZ": "Pacific/Kiritimati"}, 0o077),
        ({"HOME": "/nonexistent", "XDG_CACHE_HOME": ""}, 0o022),
        ({"HOME": None, "XDG_CACHE_HOME": None}, 0o077),
    ],
    ids=["locale", "zone", "read-only home", "no home"],
)
def test_the_surroundings_do_not_matter(contreg, study, changes, mask):  # 68
    study.rows["Jürgen"] = study.rows["one"]
    study.write()
    environment = {**os.environ, **{key: value for key, value in changes.items() if value is not None}}
    environment = {key: value for key, value in environment.items() if changes.get(key, "") is not None}
    line = [sys.executable, "-m", "contreg_cli", *study.line()]
    done = subprocess.run(line, env=environment, umask=mask, capture_output=True)
    assert done.returncode == 0, done.stderr
    there = study.contents()
    shutil.rmtree(study.cache)
    assert contreg(*study.line()).code == 0
    assert study.contents() == there
