"""Rows about checkpoints, training and devices (26, 28, 47 to 52, 55, 59 to 62, 67)."""

import json
import math
import os
import pickle
import shutil
import signal
import struct
import zipfile

import nibabel as nib
import numpy as np
import pytest
import torch

from contreg_core.checkpoint import read_checkpoint, write_checkpoint
from contreg_core.inference import register as registration
from contreg_core.inference.trained import TrainedModel
from contreg_core.training.feed import PairFeed
from tests.reliability.bad_inputs import faults
from tests.reliability.bad_inputs.workshop import Workshop


class Code:
    """Runs a command where it is unpickled."""

    def __init__(self, target) -> None:
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


def checkpoint(workshop: Workshop):
    return next((workshop.path("run") / "checkpoints").glob("last*"))


def rewritten(workshop: Workshop, **changes):
    """The run's checkpoint with another record."""
    path = checkpoint(workshop)
    found = read_checkpoint(path)
    write_checkpoint(path, found.tensors, {**found.record, **changes})
    return path


def cut(path, target):
    path.write_bytes(path.read_bytes()[:-500])


def flipped(path, target):
    content = bytearray(path.read_bytes())
    content[-500] ^= 1
    path.write_bytes(content)


def pickled(path, target):
    path.write_bytes(pickle.dumps(Code(target)))


def torch_archive(path, target):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Code(target)))


def giant(path, target):
    entry = {"model/w": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4]}}
    header = json.dumps(entry).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def long_header(path, target):
    path.write_bytes(struct.pack("<Q", 2**40) + b'{"a":1}')


def newer(path, target):
    found = read_checkpoint(path)
    content = path.read_bytes().replace(b'\\"schema\\": 1', b'\\"schema\\": 9')
    assert content != path.read_bytes()
    path.write_bytes(content)
    assert found


def of_others(path, target):
    write_checkpoint(path, {"model/w": torch.zeros(3)}, read_checkpoint(path).record)


DAMAGES = [
    (47, cut, 65, ("not a readable checkpoint",)),
    (47, flipped, 65, ("SHA-256",)),
    (48, of_others, 78, ("model 'voxelmorph/mse' does not fit", "tensors differ", "absent")),
    (49, newer, 78, ("schema 9", "install contreg >=")),
    (51, pickled, 78, ("a Python pickle", "never opened")),
    (51, torch_archive, 78, ("a zip archive", "never opened")),
    (47, giant, 65, ("not a readable checkpoint",)),  # 52
    (47, long_header, 65, ("not a readable checkpoint",)),  # 52
]


@pytest.mark.parametrize(("row", "damage", "code", "says"), DAMAGES, ids=[d[1].__name__ for d in DAMAGES])
@pytest.mark.parametrize("command", ["register-moving", "segment"])
def test_a_checkpoint_that_is_not_one(contreg, workshop, tmp_path, row, damage, code, says, command):
    damage(checkpoint(workshop), tmp_path / "ran")
    before = workshop.finished()
    result = contreg(*workshop.line(command, workshop.path("S01.nii.gz")))
    assert result.code == code, result.err
    assert result.error.startswith(f"error CR-CKPT-{row}")
    assert all(word in result.error for word in says), result.error
    assert workshop.finished() == before
    assert not (tmp_path / "ran").exists()


def test_a_plugin_that_the_run_needs_is_named(contreg, workshop):  # 50
    rewritten(workshop, plugins={"contreg-tukey": "1.2"})
    result = contreg(*workshop.line("register-moving", workshop.path("S01.nii.gz")))
    assert result.code == 69
    assert "'contreg-tukey' 1.2" in result.error
    assert "pip install contreg-tukey==1.2" in result.error


@pytest.mark.parametrize("name", ["study.zip", "study.tar.gz"])
@pytest.mark.parametrize("cohort", ["lpba40", "mindboggle", "bids", "manifest"])
def test_an_archive_is_not_opened(contreg, workshop, name, cohort):  # 55
    archive = workshop.path(name)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../outside.txt", "out")
    options = ["--data", cohort, "--source", archive, "--cache", workshop.root / "cache"]
    result = contreg("prepare", *options)
    assert result.code in (65, 66)
    assert str(archive) in result.error
    assert not (workshop.root.parent / "outside.txt").exists()


def test_a_mirrored_image_is_said_and_refused_by_strict(contreg, workshop):  # 26
    line = workshop.line("register-moving", workshop.path("S02.nii.gz"))
    line[-1] = str(workshop.path("S02.nii.gz"))
    assert "exchanged" not in contreg(*line).err
    image = nib.load(workshop.path("S02.nii.gz"))
    swapped = faults.stored(workshop.path("S02.nii.gz"), np.asarray(image.dataobj)[::-1], image.affine)
    line[-2] = str(swapped)
    result = contreg(*line)
    assert result.code == 0
    assert "left and right of one image seem exchanged (a mirrored header)" in result.err
    refused = contreg(*line[:1], "--strict", *line[1:])
    assert refused.code == 65
    assert refused.error.startswith("error CR-GEO-26")


def test_a_brain_cut_off_is_said(contreg, workshop):  # 28
    good = workshop.path("S01.nii.gz")
    cut = faults.stored(good, faults.voxels(good)[:, :, :12])
    result = contreg(*workshop.line("register-fixed", cut))
    assert result.code == 0, result.err
    assert "of the moving brain lies outside the fixed image" in result.err


def test_an_image_that_looks_like_no_brain(contreg, workshop):  # 27
    good = workshop.path("S01.nii.gz")
    bad = faults.stored(good, faults.voxels(good) + np.float32(5))
    line = workshop.line("register-moving", bad)
    assert "may not be brain-extracted" in contreg(*line).err
    result = contreg(*line[:1], "--strict", *line[1:])
    assert result.code == 65
    assert result.error.startswith("error CR-VAL-27")


@pytest.mark.parametrize("command", ["register-moving", "segment"])
def test_out_of_memory_is_tried_once_more_and_then_explained(contreg, workshop, monkeypatch, command):  # 60
    """Simulated: a device of any size can be full."""
    own, calls = TrainedModel.register, []

    def full(model, *arguments, **more):
        calls.append(torch.is_autocast_enabled("cpu"))
        if len(calls) < 2 or forever:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return own(model, *arguments, **more)

    monkeypatch.setattr(TrainedModel, "register", full)
    line, forever = workshop.line(command, workshop.path("S01.nii.gz")), False
    result = contreg(*line)
    assert result.code == 0, result.err
    assert "trying again in bfloat16" in result.err
    assert calls == [False, True]
    calls, forever = [], True
    before = workshop.finished()
    result = contreg(*line)
    assert result.code == 69
    assert result.error.startswith("error CR-MEM-60")
    assert "--device cpu" in result.error
    assert workshop.finished() == before


def test_a_model_that_answers_nonsense_or_hangs(contreg, workshop, monkeypatch):  # 59
    own = TrainedModel.register

    def nonsense(model, *arguments, **more):
        found = own(model, *arguments, **more)
        return registration.replace(found, displacement=found.displacement * math.nan)

    monkeypatch.setattr(TrainedModel, "register", nonsense)
    line = workshop.line("register-moving", workshop.path("S01.nii.gz"))
    result = contreg(*line)
    assert result.code == 65
    assert result.error.startswith("error CR-PLUG-59")

    def hangs(model, *arguments, **more):
        signal.pause()

    monkeypatch.setattr(TrainedModel, "register", hangs)
    result = contreg(*line[:1], "--timeout", "0.2s", *line[1:])
    assert result.code == 65
    assert "--timeout 0.2s" in result.error


def _fit(workshop, built, *more):
    options = ["--model", "voxelmorph/mse", "--data", "synthetic", "--cache", built / "cache"]
    small = ["-s", "preprocessing.spacing=8.0", "-s", "decoder.features=vm1", "-s", "training.validation=0"]
    return ["fit", *options, *small, "--run", workshop.root / "new", "--device", "cpu", "--steps", "8", *more]


def test_a_loss_that_is_not_finite_stops_after_three_steps(contreg, workshop, built, monkeypatch):  # 61
    own = PairFeed.batch

    def spoiled(feed, step):
        pair = own(feed, step)
        if step >= 3:
            pair.moving.fill_(math.nan)
        return pair

    monkeypatch.setattr(PairFeed, "batch", spoiled)
    result = contreg(*_fit(workshop, built))
    assert result.code == 65
    assert result.error.startswith("error CR-NUM-61")
    assert "S01 to S02" in result.error
    skipped = json.loads((workshop.root / "new" / "skipped.json").read_text())
    assert [one["step"] for one in skipped] == [4, 5, 6]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_preemption_saves_and_may_be_submitted_again(contreg, workshop, built, monkeypatch, number):  # 62
    own = PairFeed.batch

    def preempted(feed, step):
        if step == 3:
            os.kill(os.getpid(), number)
        return own(feed, step)

    monkeypatch.setattr(PairFeed, "batch", preempted)
    result = contreg(*_fit(workshop, built))
    assert result.code == 75
    assert result.error.startswith("error CR-STOP-62")
    monkeypatch.undo()
    again = contreg(*_fit(workshop, built))
    assert (again.code, "goes on after step 4" in again.err) == (0, True)


@pytest.mark.parametrize("command", ["register-moving", "segment"])
def test_a_device_that_is_not_there(contreg, workshop, command):  # 67
    line = [
        "cuda:7" if part == "cpu" else part for part in workshop.line(command, workshop.path("S01.nii.gz"))
    ]
    result = contreg(*line)
    assert result.code == 69
    assert result.error.startswith("error CR-DEV-67")
    assert "--device cpu" in result.error


def test_the_damaged_checkpoint_of_a_run_falls_back_only_if_asked(contreg, workshop, built):  # 47
    run = workshop.root / "new"
    assert contreg(*_fit(workshop, built)).code == 0
    shutil.copy(run / "checkpoints/last.safetensors", run / "checkpoints/previous.safetensors")
    cut(run / "checkpoints/last.safetensors", None)
    result = contreg(*_fit(workshop, built))
    assert result.code == 65
    assert "--resume auto" in result.error
    assert "going on from previous" in contreg(*_fit(workshop, built, "--resume", "auto")).err
