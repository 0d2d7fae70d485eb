"""What is not written over from the shell is not from Python either, and is said in Python's words."""

import shutil

import pytest

import contreg
from contreg_core.errors import OutputError
from tests.contreg.conftest import QUICK


def test_results_of_other_images_are_kept(brains, tmp_path):
    for person, source in (("one", "moving"), ("two", "fixed")):
        (tmp_path / person).mkdir()
        shutil.copy(brains / f"{source}.nii.gz", tmp_path / person / "T1.nii.gz")
    shutil.copy(brains / "fixed.nii.gz", tmp_path / "atlas.nii.gz")
    solver = {"model": "logdemons", "settings": QUICK}
    one, two = (
        contreg.register(tmp_path / person / "T1.nii.gz", tmp_path / "atlas.nii.gz", **solver)
        for person in ("one", "two")
    )
    one.save(tmp_path / "out")
    written = {path: path.read_bytes() for path in (tmp_path / "out").glob("*.nii.gz")}
    with pytest.raises(OutputError, match="is of other images") as caught:
        two.save(tmp_path / "out")
    assert caught.value.hint.endswith("add overwrite")
    assert {path: path.read_bytes() for path in written} == written
    one.save(tmp_path / "out")
    two.save(tmp_path / "out", overwrite=True)
    assert {path: path.read_bytes() for path in written} != written
