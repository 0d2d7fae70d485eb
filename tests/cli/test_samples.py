"""``--samples`` from the shell: what is written, what it goes with, when it is refused."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

NAME = "S01_from-S01_to-S02"


@pytest.fixture
def images(study: Path) -> list[Path]:
    return [study / "S01.nii.gz", study / "S02.nii.gz"]


def load(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def test_uncertainty_lies_on_the_fixed_grid(
    contreg, study: Path, velocities: Path, images: list[Path], tmp_path: Path
) -> None:
    options = ["--model", velocities, "--device", "cpu", "--precision", "float32", "--refine", 2]
    options += ["--moving-labels", study / "S01_labels.nii.gz", "--samples", 3, "--field-format", "h5"]
    for name in ("a", "b"):
        result = contreg("register", *images, "-o", tmp_path / name, *options, "--seed", 5)
        assert result.code == 0, result.err
    for name in ("uncertainty", "entropy"):
        path = tmp_path / "a" / f"{NAME}_{name}.nii.gz"
        assert np.allclose(nib.load(path).affine, nib.load(images[1]).affine)
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
        found = load(path)
        assert found.shape == load(images[1]).shape
        assert found.min() >= 0
        assert found.max() > 0
    assert load(tmp_path / "a" / f"{NAME}_entropy.nii.gz").max() <= np.log2(3) + 1e-6
    record = json.loads((tmp_path / "a" / f"{NAME}_mode-image_xfm.json").read_text())
    assert record["samples"]["count"] == 3
    assert record["samples"]["uncertainty_mm"]["p50"] > 0
    assert record["model"]["prediction"] == ["refine 2"]
    assert record["quality"]["inverse_error_mm"]["p50"] < 0.02


def test_segmenting_by_samples_gives_shares(contreg, study: Path, velocities: Path, tmp_path: Path) -> None:
    atlas = f"{study / 'S01.nii.gz'}:{study / 'S01_labels.nii.gz'}"
    options = ["--model", velocities, "--atlas", atlas, "--device", "cpu", "--samples", 4, "--probabilities"]
    assert contreg("segment", study / "S02.nii.gz", "-o", tmp_path, *options).code == 0
    assert json.loads((tmp_path / "S02_dseg.json").read_text())["samples"] == 4
    shares = np.unique([load(path) for path in tmp_path.glob("*_probseg.nii.gz")])
    assert shares == pytest.approx([0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize(("model", "more"), [("run", []), ("velocities", ["--symmetric"]), ("svf-adam", [])])
def test_without_a_variance_it_is_refused(
    contreg, study: Path, velocities: Path, images: list[Path], tmp_path: Path, model: str, more: list[str]
) -> None:
    named = model if model == "svf-adam" else study / model
    out = tmp_path / "out"
    result = contreg(
        "register", *images, "-o", out, "--model", named, "--device", "cpu", "--samples", 3, *more
    )
    assert result.code == 78
    assert "gives no variance" in result.error
    assert [file.name for file in out.iterdir()] == ["failures.jsonl"]


def test_one_sample_has_no_spread(contreg, images: list[Path], tmp_path: Path) -> None:
    assert contreg("register", *images, "-o", tmp_path, "--samples", 1).code == 2
