"""From a folder of label maps to a network that registers images, by the shell."""

import nibabel as nib
import pytest

from contreg_adapters.synthetic import Synthetic

TINY = ["-s", "encoder.features=8,8", "-s", "decoder.depth=1", "-s", "decoder.width=8"]
COARSE = ["-s", "preprocessing.spacing=15"]
"""Twice the voxels of the maps."""


@pytest.fixture
def maps(tmp_path):
    """Three label maps, and the images they belong to."""
    cohort = Synthetic(subjects=3, size=(26, 32, 26), spacing=7.5)
    (tmp_path / "maps").mkdir()
    for scan in cohort.scans():
        loaded = cohort.load(scan)
        for folder, volume in (("maps", loaded.labels), (".", loaded.image)):
            nib.save(nib.Nifti1Image(volume.array, volume.affine), tmp_path / folder / f"{scan.id}.nii.gz")
    return tmp_path / "maps"


def test_prepare_fit_register(contreg, maps, tmp_path):
    cache = ["--cache", tmp_path / "cache"]
    prepared = contreg(
        "prepare", "--data", "label-maps", "--source", maps, "--model", "brains", *COARSE, *cache
    )
    assert prepared.code == 0, prepared.err
    assert "label-maps: 3 scans of 3 subjects (3 train)" in prepared.out
    fit = ["fit", "--data", "label-maps", "--model", "brains", *COARSE, *TINY, *cache, "--device", "cpu"]
    run = tmp_path / "run"
    done = contreg(*fit, "--run", run, "--steps", "2")
    assert done.code == 0, done.err
    assert "pairs rendered from 3 label maps" in done.err
    again = contreg(*fit, "--run", run, "--steps", "2")
    assert "finished already" in again.out
    pair = [tmp_path / "S01.nii.gz", tmp_path / "S02.nii.gz"]
    registered = contreg("register", *pair, "--model", run, "-o", tmp_path / "out", "--device", "cpu")
    assert registered.code == 0, registered.err
    assert list((tmp_path / "out").glob("*_warped.nii.gz"))


def test_what_is_not_prepared_is_told_with_the_recipe_it_is_for(contreg, tmp_path):
    """The maps are prepared finer than images: ``--model`` belongs to the command."""
    missing = contreg("fit", "--data", "label-maps", "--model", "brains", "--cache", tmp_path)
    assert missing.code == 66
    assert "contreg prepare --data label-maps --source DIR" in missing.err
    assert "--model brains" in missing.err


def test_show_tells_what_a_rendered_recipe_makes_use_of(contreg):
    brains, plain = contreg("show", "brains").out, contreg("show", "contrastive-vae").out
    assert "rendering.labels" in brains
    assert "augmentation.noise" not in brains
    assert "rendering.labels" not in plain
    assert "augmentation.noise" in plain
