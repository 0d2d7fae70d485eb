"""``doctor --model``, ``verify`` and ``cache``: the memory before it is taken, damage after the fact."""

import json
import subprocess
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from contreg_core import estimate

MEASURE = """
from contreg_core.engine import Engine
from contreg_core.estimate import Trial, _batch, _built
from contreg_core.memory import peak_mib
from contreg_core.plugins import load_catalogue
catalogue = load_catalogue(plugins=False)
trial = Trial(catalogue.recipe("voxelmorph"), catalogue, Engine.choose("cpu", "float32"), 3, 8)
model, objective = _built(trial)
for _ in range(2):
    outcome = model.study(_batch(model, trial, 72), objective.needed())
    objective(outcome).total.backward()
print(peak_mib())
"""


@pytest.mark.all
def test_the_memory_of_a_training_is_told_before(contreg):
    """Within a factor of 1.5 of what two steps of three times the voxels take in a process of their own."""
    size = ["--size", "72", "72", "72", "--batch-size", "1"]
    result = contreg("doctor", "--model", "voxelmorph", *size, "--precision", "float32", "--json")
    told = json.loads(result.out)["memory_mib"]
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    assert 1 / 1.5 <= told["total"] / float(done.stdout) <= 1.5


class Killed:
    """A process that the system killed."""

    def __init__(self, *_):
        pass

    def submit(self, item):
        future = Future()
        future.set_exception(BrokenProcessPool())
        return future

    def close(self):
        pass


def test_what_will_not_fit_or_is_not_trained_is_said(contreg, monkeypatch):
    size, own = ["--size", "3000", "3000", "3000"], estimate._measured
    monkeypatch.setattr(estimate, "_measured", lambda trial: estimate.Measured(260.0, 1.0, 330.0, 500.0, 16))
    huge = contreg("doctor", "--model", "voxelmorph", *size)
    assert (huge.code, "training needs about" in huge.error) == (69, True)
    monkeypatch.setattr(estimate, "_measured", own)
    monkeypatch.setattr(estimate, "LocalPool", Killed)
    killed = contreg("doctor", "--model", "voxelmorph", *size)
    assert (killed.code, "CR-MEM-60 a training step on a small grid" in killed.error) == (69, True)
    assert contreg("doctor", "--model", "voxelmorph").code == 2
    assert contreg("doctor", "--model", "svf-adam", *size).code == 78


def test_a_cache_is_listed_verified_and_removed_only_when_told(contreg, lpba40, tmp_path):
    root = tmp_path / "cache"
    prepare = ["prepare", "--data", "lpba40", "--source", lpba40, "--cache", root, "--spacing", "0"]
    assert contreg(*prepare).code == 0
    (row,) = json.loads(contreg("cache", "list", "--cache", root, "--json").out)
    assert (row["cohort"], row["scans"], row["state"]) == ("lpba40", 3, "whole")
    assert "3 cached scans are whole" in contreg("cache", "verify", "--cache", root).out
    path = next(root.rglob("*.h5"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    damaged = contreg("cache", "verify", "--cache", root)
    assert (damaged.code, str(path) in damaged.error) == (65, True)
    assert contreg("verify", root).code == 65
    assert contreg(*prepare, "--verify").code == 0
    assert contreg("verify", root).code == 0
    assert contreg("cache", "prune", "--cache", root).code == 2
    assert contreg("cache", "prune", "nothing", "--cache", root).code == 66
    assert "would remove" in contreg("cache", "prune", row["folder"], "--cache", root).out
    assert path.is_file()
    assert contreg("cache", "prune", row["folder"], "--yes", "--cache", root).code == 0
    assert not path.exists()


def test_outputs_and_runs_are_compared_with_what_was_written(contreg, study, tmp_path):
    images = [study / "S01.nii.gz", study / "S02.nii.gz"]
    model = ["--model", study / "run", "--device", "cpu", "--affine", "none"]
    assert contreg("register", *images, "-o", tmp_path / "out", *model).code == 0
    found = json.loads(contreg("verify", tmp_path / "out", "--json").out)
    assert found["checked"] == 5
    assert found["faults"] == {}
    assert contreg("verify", study / "run").code == 0
    warped = next((tmp_path / "out").glob("*warped.nii.gz"))
    warped.write_bytes(warped.read_bytes()[:-1])
    refused = contreg("verify", tmp_path / "out")
    assert (refused.code, warped.name in refused.error) == (65, True)
    warped.unlink()
    assert "is no longer there" in contreg("verify", tmp_path / "out").out


@pytest.mark.parametrize("line", ["../outside", "/etc/hostname"])
def test_a_list_of_sums_leads_nowhere_else(contreg, tmp_path, line):
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  {line}\n")
    assert contreg("verify", tmp_path).code == 65
    assert contreg("verify", tmp_path / "absent").code == 66
