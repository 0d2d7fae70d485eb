"""Other programs as rows of the table: what they are asked, and that their answer is read in the right direction."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from benchmarks.accuracy import antspyx
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.ledger import Ledger
from benchmarks.accuracy.peers import table
from contreg.benchmark.tables import TABLES
from contreg_core.errors import UnavailableError
from contreg_core.recipe import build_solver
from contreg_core.types import Pair

STAND_IN = '''
"""Stands in for antspyx: moves by one voxel along the first axis, told in mm as ITK would."""
import types, sys
import numpy as np
ants = types.ModuleType("ants")
ants.__version__ = "0"
ants.from_numpy = lambda array, spacing: (array, spacing)
def registration(fixed, moving, type_of_transform, syn_metric, syn_sampling, outprefix):
    assert syn_sampling == {"mattes": 32, "CC": 4}[syn_metric]
    print("noise that is no answer")
    return {"fwdtransforms": [type_of_transform]}
ants.registration = registration
ants.apply_transforms = lambda fixed, moving, transforms, compose: fixed
class Read:
    def __init__(self, image):
        self.field = np.zeros((*image[0].shape, 3))
        self.field[..., 0] = image[1][0]
    def numpy(self):
        return self.field
ants.image_read = Read
sys.modules["ants"] = ants
'''


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An interpreter whose antspyx is a stand-in."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    starter = tmp_path / "start.py"
    starter.write_text(
        f"import runpy, sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport stand_in\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{starter}" "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(antspyx.VARIABLE, str(python))
    antspyx.worker.cache_clear()
    yield
    antspyx.worker().close()
    antspyx.worker.cache_clear()


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("name", antspyx.RECIPES)
def test_millimetres_become_voxels(name: str) -> None:
    catalogue = antspyx.catalogue()
    solver, warper, objective = build_solver(catalogue.recipe(name), catalogue)
    pair = Pair(torch.rand(2, 1, 5, 6, 7), torch.rand(2, 1, 5, 6, 7))
    found = solver(pair, None, objective, warper).mean
    assert found.shape == (2, 3, 5, 6, 7)
    assert torch.equal(found[:, 0], torch.ones(2, 5, 6, 7))
    assert not found[:, 1:].any()


@pytest.mark.parametrize(
    ("python", "said"), [(sys.executable, "no antspyx"), ("/nowhere/python", "cannot be run")]
)
def test_an_interpreter_without_it_says_so(monkeypatch: pytest.MonkeyPatch, python: str, said: str) -> None:
    monkeypatch.setenv(antspyx.VARIABLE, python)
    antspyx.worker.cache_clear()
    with pytest.raises(UnavailableError, match=said):
        antspyx.worker()


@pytest.mark.parametrize("data", ["lpba40", "mindboggle"])
def test_every_row_asked_for_is_there(data: str) -> None:
    names = {row.name for row in table(data).rows}
    single = {"none", "antspyx SyN", "antspyx SyN CC", "convexadam", "utilzreg", "svf-adam", "unet"}
    learned = {"voxelmorph", "voxelmorph-diff", "faim", "contrastive-vae"}
    assert names >= single | learned | {f"{name} +refine" for name in learned} | {
        "contrastive-vae multi-atlas"
    }
    assert {row.name for row in TABLES["table1"].rows} < names


def test_rows_that_cannot_be_run_say_so_and_the_look_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is prepared here: each row fails, by its name, and says how to prepare with the settings of all rows."""
    places = [
        "--work",
        str(tmp_path / "work"),
        "--results",
        str(tmp_path),
        "--cache",
        str(tmp_path / "cache"),
    ]
    rows = ["--only", "none", "antspyx SyN", "--by", "somebody"]
    assert main(["peers", *places, *rows, "-s", "preprocessing.floor=0.2"]) == 3
    assert "-s preprocessing.floor=0.2" in "".join(capsys.readouterr())
    (look,) = Ledger(tmp_path).lines(kind="looked")
    assert (look["by"], look["variants"]) == ("somebody", ["none", "antspyx SyN"])
    assert "somebody" in (tmp_path / "trials.md").read_text()
