"""Headers that do not fit the voxels: found by the images, undone and told; mirrored ones are warned of."""

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest


@pytest.fixture(scope="module")
def pair(trio: list[Path], study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two brains with labels, each under a right header."""
    folder = tmp_path_factory.mktemp("pair")
    names = ("moving", "fixed", "moving_labels")
    for path, name in zip(trio, names, strict=True):
        shutil.copy(path, folder / f"{name}.nii.gz")
    shutil.copy(study / "S02_labels.nii.gz", folder / "fixed_labels.nii.gz")
    return folder


def turned(image: nib.Nifti1Image, order: tuple[int, ...], flips: tuple[int, ...]) -> np.ndarray:
    """The voxels in another order, to be stored under the header of before."""
    return np.flip(np.transpose(np.asarray(image.dataobj), order), flips)


WRONG = {
    "RIA as RAS": ((0, 2, 1), (1,), "90 degrees about x"),
    "180 about z": ((0, 1, 2), (0, 1), "rotated 180 degrees about z"),
    "180 about x": ((0, 1, 2), (1, 2), "rotated 180 degrees about x"),
    "90 about z": ((1, 0, 2), (0,), "90 degrees about z"),
}


def wrongly_stored(
    pair: Path, folder: Path, order: tuple[int, ...], flips: tuple[int, ...]
) -> tuple[Path, ...]:
    paths = []
    for name in ("moving", "moving_labels"):
        image = nib.load(pair / f"{name}.nii.gz")
        paths.append(folder / f"{name}.nii.gz")
        nib.save(nib.Nifti1Image(turned(image, order, flips), image.affine), paths[-1])
    return tuple(paths)


def overlap(pair: Path, folder: Path) -> float:
    found, truth = (
        np.asarray(nib.load(path).dataobj)
        for path in (next(folder.glob("*_labels.nii.gz")), pair / "fixed_labels.nii.gz")
    )
    pairs = [(found == label, truth == label) for label in np.unique(truth)[1:]]
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]))


def record(folder: Path) -> dict:
    found: dict = json.loads(next(folder.glob("*to-fixed*_xfm.json")).read_text())
    return found


def register(contreg, pair: Path, files: tuple[Path, ...], output: Path, *options: str):
    line = [files[0], pair / "fixed.nii.gz", "--moving-labels", files[1], "-o", output, "--device", "cpu"]
    return contreg("register", *line, *options)


@pytest.fixture(scope="module")
def straight() -> dict[str, float]:
    """Filled by the first test that registers the pair as it is."""
    return {}


@pytest.mark.parametrize("name", [*WRONG])
def test_a_header_that_does_not_fit_is_found_and_undone(contreg, pair, straight, tmp_path, name) -> None:
    order, flips, said = WRONG[name]
    if not straight:
        right = pair / "moving.nii.gz", pair / "moving_labels.nii.gz"
        result = register(contreg, pair, right, tmp_path / "right")
        assert "prealignment" not in result.out + result.err
        assert record(tmp_path / "right")["prealignment"] == "none"
        straight["dice"] = overlap(pair, tmp_path / "right")
    files = wrongly_stored(pair, tmp_path, order, flips)
    result = register(contreg, pair, files, tmp_path / "out")
    assert result.code == 0, result.err
    assert f"prealignment: {record(tmp_path / 'out')['prealignment']}" in result.out
    assert said in result.out
    assert overlap(pair, tmp_path / "out") == pytest.approx(straight["dice"], abs=0.02)


def test_headers_that_are_believed_are_doubted_aloud(contreg, pair, tmp_path) -> None:
    files = wrongly_stored(pair, tmp_path, *WRONG["180 about z"][:2])
    result = register(contreg, pair, files, tmp_path / "out", "--affine", "none")
    assert (
        "the headers do not fit the voxels: by the images the moving brain is rotated 180 degrees"
        in result.err
    )
    assert np.array_equal(record(tmp_path / "out")["affine_ras"], np.eye(4))


def test_an_atlas_under_a_wrong_header_is_turned(contreg, pair, tmp_path) -> None:
    image, labels = wrongly_stored(pair, tmp_path, *WRONG["180 about z"][:2])
    line = pair / "fixed.nii.gz", "--atlas", f"{image}:{labels}", "-o", tmp_path / "out", "--device", "cpu"
    result = contreg("segment", *line)
    assert "moving.nii.gz: prealignment: rotated 180 degrees about z" in result.out
    (told,) = json.loads((tmp_path / "out" / "fixed_dseg.json").read_text())["references"]
    assert told["prealignment"] == "rotated 180 degrees about z"
