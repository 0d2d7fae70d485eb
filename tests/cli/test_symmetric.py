"""``--symmetric`` from the shell: what it does, where it is recorded, when it is refused."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest


def test_an_evaluation_has_its_own_name_and_folder(contreg, trained: Path, cache: Path) -> None:
    options = ["--cache", cache, "--limit", "1", "--device", "cpu"]
    plain, symmetric = (
        contreg("evaluate", trained, *options),
        contreg("evaluate", trained, *options, "--symmetric"),
    )
    assert plain.code == symmetric.code == 0, symmetric.err
    folders = {path.name: path for path in (trained / "evaluation").iterdir()}
    names = {name: json.loads((path / "summary.json").read_text())["model"] for name, path in folders.items()}
    (one,) = [name.removesuffix("-symmetric") for name in names if name.endswith("-symmetric")]
    assert names[one] == "contrastive-vae"
    assert names[f"{one}-symmetric"] == "contrastive-vae (symmetric)"
    assert "contrastive-vae (symmetric) on synthetic" in symmetric.out
    assert contreg("report", trained).code == 0


@pytest.mark.parametrize(
    "named", [["--model", "none", "--data", "synthetic", "-s", "preprocessing.spacing=0"]]
)
def test_nothing_cannot_be_made_symmetric(contreg, cache: Path, named: list[str]) -> None:
    result = contreg("evaluate", *named, "--cache", cache, "--symmetric")
    assert result.code == 2
    assert "predicts nothing" in result.error


def test_a_model_of_displacements_is_refused(contreg, study: Path, tmp_path: Path) -> None:
    images = [study / "S01.nii.gz", study / "S02.nii.gz"]
    options = ["--model", study / "run", "--device", "cpu", "--symmetric"]
    result = contreg("register", *images, "-o", tmp_path / "out", *options)
    assert result.code == 78
    assert "voxelmorph/mse" in result.error
    assert list((tmp_path / "out").iterdir()) == []


def test_registering_the_swapped_images_gives_the_inverse(
    contreg, study: Path, velocities: Path, tmp_path: Path
) -> None:
    """The study's subjects lie on one grid, which is the model's, so nothing is resampled in between."""
    first, second = study / "S01.nii.gz", study / "S02.nii.gz"
    options = ["--model", velocities, "--device", "cpu", "--precision", "float32", "--symmetric"]
    options += ["--affine", "none"]
    assert contreg("register", first, second, "-o", tmp_path / "there", *options).code == 0
    assert contreg("register", second, first, "-o", tmp_path / "back", *options).code == 0
    name = "S01_from-S02_to-S01_mode-image_xfm"
    found = {
        path.parent.name: np.asarray(nib.load(path).dataobj)
        for path in tmp_path.glob("*/*xfm.nii.gz")
        if "from-S02_to-S01" in path.name
    }
    assert np.abs(found["there"]).max() > 0.1
    assert np.allclose(found["there"], found["back"], atol=1e-4)
    record = json.loads((tmp_path / "there" / f"{name}.json").read_text())
    assert record["model"]["recipe"] == "contrastive-vae"
    assert record["model"]["prediction"] == ["symmetric"]


def test_segmenting_records_it(contreg, study: Path, velocities: Path, tmp_path: Path) -> None:
    atlas = f"{study / 'S01.nii.gz'}:{study / 'S01_labels.nii.gz'}"
    options = ["--model", velocities, "--atlas", atlas, "--device", "cpu"]
    for name, more in (("plain", []), ("symmetric", ["--symmetric"])):
        assert contreg("segment", study / "S03.nii.gz", "-o", tmp_path / name, *options, *more).code == 0
        record = json.loads((tmp_path / name / "S03_dseg.json").read_text())
        assert record["model"]["prediction"] == ([name] if more else [])
