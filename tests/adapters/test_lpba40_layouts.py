"""LPBA40 from real little files in each of its five layouts, every volume format and every orientation."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.lpba40 import Lpba40
from contreg_core.errors import DataError, MissingError
from contreg_core.volume import Volume, axis_codes, with_orientation

SHAPE = (12, 14, 16)
PLACES = {33: (4, 12, 6), 34: (7, 12, 6), 61: (4, 2, 8), 62: (7, 2, 8), 27: (2, 7, 14), 28: (9, 7, 14)} | {
    181: (5, 5, 1), 182: (6, 6, 2), 85: (1, 8, 3), 86: (10, 8, 3)
}  # fmt: skip
"""Where structures lie in a RAS+ array: left is low."""


def brain(codes: str = "RAS", without: Sequence[int] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Image and labels whose true axis codes are ``codes``."""
    labels = np.zeros(SHAPE, np.uint8)
    for label, place in PLACES.items():
        if label not in without:
            labels[tuple(slice(p, p + 2) for p in place)] = label
    image = np.zeros(SHAPE, np.float32)
    image[1:-1, 1:-1, 1:-1] = np.random.default_rng(0).random([n - 2 for n in SHAPE]) + 0.5
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(codes)
    )
    return tuple(nib.orientations.apply_orientation(array, turn) for array in (image, labels))


def save(path: Path, array: np.ndarray, header: str = "LPS") -> None:
    """Write with a header that says ``header``, right or wrong, in the format the name asks for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".img.gz"):
        plain = path.with_name(path.name[:-3])
        nib.AnalyzeImage(array, np.diag([-1, 1, 1, 1])).to_filename(plain)
        path.write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    elif path.suffix == ".img":
        nib.AnalyzeImage(array, np.diag([-1, 1, 1, 1])).to_filename(path)
    else:
        affine = with_orientation(Volume(array, np.eye(4)), header).affine
        nib.Nifti1Image(array, affine).to_filename(path)


def delineation(root: Path, suffix: str, numbers: Sequence[int] = (1, 31), codes: str = "RAS") -> None:
    image, labels = brain(codes)
    for n in numbers:
        folder = root / f"S{n:02d}"
        save(folder / f"S{n:02d}.delineation.skullstripped{suffix}", image)
        save(folder / f"S{n:02d}.delineation.structure.label{suffix}", labels)


def derived(root: Path, stem: str = "{}.delineation.skullstripped") -> None:
    image, labels = brain()
    save(root / "fixed.nii.gz", image)
    for name, folder in [("S11", "train"), ("S31", "train"), ("S02", "test")]:
        save(root / folder / f"{stem.format(name)}.nii.gz", image)
    for name in ("S01", "S02", "S11", "S31"):
        save(root / "label" / f"{name}.delineation.structure.label.nii.gz", labels)


def rigid(root: Path, images: str, labels: str, suffix: str, numbers: Sequence[int] = (1, 2, 31, 32)) -> None:
    image, label_map = brain()
    for i in numbers:
        for j in numbers:
            save(root / images / f"l{i}_to_l{j}{suffix}", image)
            save(root / labels / f"l{i}_to_l{j}{suffix}", label_map)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".img", ".img.gz"])
@pytest.mark.parametrize("above", ["", "delineation_space", "LPBA40/delineation_space"])
def test_delineation_space(tmp_path, suffix, above):
    delineation(tmp_path / above, suffix)
    cohort = Lpba40(tmp_path)
    assert [(scan.id, scan.subject, scan.split) for scan in cohort.scans()] == [
        ("S01", "S01", "train"),
        ("S31", "S31", "test"),
    ]
    assert {scan.metadata["layout"] for scan in cohort.scans()} == {"delineation"}
    assert not cohort.fixed_only_own_space
    loaded = cohort.load(cohort.scans()[0])
    image, labels = brain()
    assert np.array_equal(loaded.image.array, image)
    assert loaded.labels is not None
    assert np.array_equal(loaded.labels.array, labels)
    assert np.array_equal(loaded.mask, image > 0)


@pytest.mark.parametrize("stem", ["{}", "{}.delineation.skullstripped"])
def test_derived(tmp_path, stem):
    derived(tmp_path / "LPBA40", stem)
    cohort = Lpba40(tmp_path)
    found = {scan.id: (scan.split, scan.labels is not None) for scan in cohort.scans()}
    assert found == {k: ("test" if k == "S31" else "train", True) for k in ("S01", "S02", "S11", "S31")}
    assert cohort.scans()[0].image == tmp_path / "LPBA40" / "fixed.nii.gz"


@pytest.mark.parametrize("prefix", ["LPBA40_rigidly_", ""])
def test_rigid_pairs(tmp_path, prefix):
    rigid(tmp_path, f"{prefix}registered_pairs", f"{prefix}registered_label_pairs", ".img")
    cohort = Lpba40(tmp_path)
    scans = {scan.id: scan for scan in cohort.scans()}
    assert cohort.fixed_only_own_space
    assert set(scans) == {f"l{i}_to_l{j}" for i, j in [(1, 1), (1, 2), (2, 1), (2, 2)]} | {
        f"l{i}_to_l{j}" for i, j in [(31, 31), (31, 32), (32, 31), (32, 32)]
    }
    pair = scans["l31_to_l32"]
    assert (pair.subject, pair.space, pair.split) == ("S31", "S32", "test")
    assert cohort.load(pair).labels is not None


@pytest.mark.parametrize("suffix", [".nii", ".img"])
@pytest.mark.parametrize("size", ["small", "large"])
def test_standardised_rigid_pairs(tmp_path, suffix, size):
    stem = "LPBA40_rigidly_registered"
    rigid(
        tmp_path,
        f"{stem}_pairs_histogram_standardization_{size}",
        f"{stem}_label_pairs_{size}",
        suffix,
        (1, 2),
    )
    cohort = Lpba40(tmp_path)
    assert len(cohort.scans()) == 4
    assert cohort.fixed_only_own_space
    assert cohort.scans()[0].metadata["layout"] == "rigid pairs, standardised"
    assert cohort.load(cohort.scans()[1]).labels is not None


def test_native_space_has_masks_and_no_labels(tmp_path):
    image, labels = brain()
    for kind, array in {"mri": image, "brain.bfc": image, "brain.mask": np.uint8(labels > 0) * 255}.items():
        save(tmp_path / "native_space" / "S07" / f"S07.native.{kind}.nii.gz", array, "RAS")
    cohort = Lpba40(tmp_path)
    (scan,) = cohort.scans()
    assert scan.image is not None
    assert scan.image.name == "S07.native.brain.bfc.nii.gz"
    loaded = cohort.load(scan)
    assert loaded.labels is None
    assert np.array_equal(loaded.mask, labels > 0)
    assert "no labels to check the orientation: the header's RAS" in loaded.notes[-1]


@pytest.mark.parametrize("true", ["RAS", "LPS", "PIR", "SLA", "ASL"])
@pytest.mark.parametrize("header", ["RAS", "LAS", "IPR"])
def test_labels_overrule_the_header(tmp_path, true, header):
    image, labels = brain(true)
    save(tmp_path / "S01/S01.delineation.skullstripped.nii", image, header)
    save(tmp_path / "S01/S01.delineation.structure.label.nii", labels, header)
    cohort = Lpba40(tmp_path)
    loaded = cohort.load(cohort.scans()[0])
    assert np.array_equal(loaded.image.array, brain()[0])
    assert axis_codes(loaded.image.affine) == "RAS"
    assert loaded.labels is not None
    assert np.array_equal(loaded.labels.array, brain()[1])
    assert np.array_equal(loaded.labels.affine, loaded.image.affine)
    said = "agree" if true == header else f"header says {header}, the labels say {true}"
    assert said in loaded.notes[-1]


def test_orientation_is_told_without_cerebellum_and_brainstem(tmp_path):
    image, labels = brain(without=(181, 182))
    save(tmp_path / "S01/S01.delineation.skullstripped.nii", image, "LPI")
    save(tmp_path / "S01/S01.delineation.structure.label.nii", labels, "LPI")
    cohort = Lpba40(tmp_path)
    assert "labels say RAS" in cohort.load(cohort.scans()[0]).notes[-1]


def broken(folder: Path, image: np.ndarray, labels: np.ndarray, header: str = "LPS") -> Lpba40:
    save(folder / "S01/S01.delineation.skullstripped.nii", image)
    save(folder / "S01/S01.delineation.structure.label.nii", labels, header)
    return Lpba40(folder)


def refusal(cohort: Lpba40) -> str:
    with pytest.raises(DataError) as caught:
        cohort.load(cohort.scans()[0])
    assert "S01.delineation" in caught.value.message
    return str(caught.value)


def test_labels_of_another_shape_or_place(tmp_path):
    image, labels = brain()
    assert "size" in refusal(broken(tmp_path / "a", image, labels[:-1]))
    assert "corners" in refusal(broken(tmp_path / "b", image, labels, "RPS"))


def test_unknown_labels_are_counted(tmp_path):
    image, labels = brain()
    labels[0, 0, :3] = 7
    assert "7 (3 voxels)" in refusal(broken(tmp_path, image, labels))


def test_labels_that_cannot_tell_the_axes(tmp_path):
    image, labels = brain()
    assert "33, 34" in refusal(
        broken(tmp_path / "a", image, np.where(labels == 33, 0, labels) * (labels != 34))
    )
    assert "both sides" in refusal(broken(tmp_path / "b", image, np.where(labels == 27, labels, 0)))
    assert "three axes" in refusal(broken(tmp_path / "c", image, np.where(labels > 60, 0, labels) + _flat()))


def _flat() -> np.ndarray:
    """The back and the bottom beside the front and the top, so that no axis is anyone's."""
    extra = np.zeros(SHAPE, np.uint8)
    extra[0, 12:14, 6:8] = 61
    extra[1, 7:9, 14:16] = 181
    return extra


def test_an_image_without_brain(tmp_path):
    assert "no voxel above 0" in refusal(broken(tmp_path, -brain()[0], brain()[1]))


def test_one_subject_twice(tmp_path):
    derived(tmp_path)
    save(tmp_path / "train" / "S11.nii.gz", brain()[0])
    with pytest.raises(DataError, match="one subject"):
        Lpba40(tmp_path)
    (tmp_path / "train" / "S11.nii.gz").rename(tmp_path / "test" / "S11.nii.gz")
    with pytest.raises(DataError, match="twice"):
        Lpba40(tmp_path)


def test_a_converted_copy_is_preferred(tmp_path):
    delineation(tmp_path, ".img", (1,))
    delineation(tmp_path, ".nii.gz", (1,))
    (scan,) = Lpba40(tmp_path).scans()
    assert scan.image is not None
    assert scan.image.name.endswith(".nii.gz")


def test_nothing_found_says_what_was_looked_for(tmp_path):
    with pytest.raises(MissingError, match="registered_pairs") as caught:
        Lpba40(tmp_path).scans()
    assert "skullstripped" in caught.value.message
    with pytest.raises(MissingError, match="no such folder"):
        Lpba40(tmp_path / "none").scans()
    with pytest.raises(MissingError, match="--source"):
        Lpba40().scans()
