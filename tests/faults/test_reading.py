"""Files as people have them that were misread or refused: the right value of each (volumes, label maps, cohorts)."""

import csv
import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.inference.images import find_brain, labels_on_image, mask_on_image
from contreg_core.inference.references import read_image, read_labels
from contreg_core.volume import Volume, form_code, read_volume, write_volume
from contreg_core.volume.values import sound_image
from tests.program import contreg

__all__ = ["contreg"]
AFFINE = np.array([[-2.0, 0, 0, 30], [0, 2, 0, -40], [0, 0, 2, -10], [0, 0, 0, 1]])


def head(shape: tuple[int, ...] = (20, 24, 22)) -> np.ndarray:
    place = np.indices(shape).astype(float)
    middle = np.array(shape).reshape(3, 1, 1, 1) / 2
    radius = np.sqrt((((place - middle) / (middle * 0.8)) ** 2).sum(0))
    return np.where(radius < 1, 100 + 40 * np.sin(place[0]) + 20 * np.cos(place[1] / 2), 0).astype(np.float32)


def saved(path: Path, array: np.ndarray, change=None) -> Path:
    image = nib.Nifti1Image(array, AFFINE)
    image.set_qform(AFFINE, 1)
    image.set_sform(AFFINE, 1)
    raw = bytearray(image.to_bytes())
    if change is not None:
        header = np.frombuffer(bytes(raw[:348]), nib.Nifti1Header.template_dtype)[0].copy()
        change(header)
        raw[:348] = header.tobytes()
    path.write_bytes(bytes(raw))
    return path


def test_qfac_of_0_means_1(tmp_path: Path) -> None:
    def change(header):
        header["pixdim"][0] = 0

    plus = nib.Nifti1Image(head(), np.diag([2.0, 2, 2, 1]))
    path = tmp_path / "a.nii"
    saved(path, head(), change)
    raw = bytearray(plus.to_bytes())
    header = np.frombuffer(bytes(raw[:348]), nib.Nifti1Header.template_dtype)[0].copy()
    header["pixdim"][0], header["sform_code"], header["qform_code"] = 0, 0, 1
    raw[:348] = header.tobytes()
    path.write_bytes(bytes(raw))
    assert np.allclose(read_image(path).affine, np.diag([2.0, 2, 2, 1]))


def test_a_length_below_0_beside_a_good_form(tmp_path: Path) -> None:
    def change(header):
        header["pixdim"][1] *= -1

    read = read_image(saved(tmp_path / "a.nii", head(), change))
    assert np.allclose(read.affine, AFFINE)
    assert any("voxel size" in note for note in read.notes)


@pytest.mark.parametrize(("code", "factor"), [(1, 1000.0), (2, 1.0), (3, 0.001), (0, 1.0)])
def test_units_of_length(tmp_path: Path, code: int, factor: float) -> None:
    def change(header):
        header["xyzt_units"] = code
        for row in ("srow_x", "srow_y", "srow_z"):
            header[row] /= factor
        header["pixdim"][1:4] /= factor
        for offset in ("qoffset_x", "qoffset_y", "qoffset_z"):
            header[offset] /= factor

    read = read_image(saved(tmp_path / "a.nii", head(), change))
    assert np.allclose(read.affine, AFFINE, rtol=1e-5)
    assert bool([note for note in read.notes if "read as mm" in note]) == (factor != 1)


def test_nan_around_the_brain_is_background_and_inside_it_is_refused(tmp_path: Path) -> None:
    array = head()
    around = read_image(saved(tmp_path / "a.nii", np.where(array == 0, np.nan, array)))
    assert np.array_equal(around.array, array)
    assert any("NaN voxels around" in note for note in around.notes)
    holed = array.copy()
    holed[8:12, 8:12, 8:12] = np.nan
    with pytest.raises(DataError, match="NaN or Inf"):
        read_image(saved(tmp_path / "b.nii", holed))


def test_an_extension_of_a_wrong_size_is_passed_over(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii", head())
    raw = bytearray(path.read_bytes())
    raw[348:352] = b"\x01\0\0\0"
    wrong = raw[:352] + (24).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"x" * 8 + raw[352:]
    header = np.frombuffer(bytes(wrong[:348]), nib.Nifti1Header.template_dtype)[0].copy()
    header["vox_offset"] = 368
    wrong[:348] = header.tobytes()
    path.write_bytes(bytes(wrong))
    with pytest.raises(Exception, match=r"."):
        nib.load(path)
    assert np.array_equal(read_image(path).array, head())
    assert form_code(path) == 1


def test_ids_that_wrapped_in_a_signed_byte_are_refused(tmp_path: Path) -> None:
    labels = (head() > 0).astype(np.int16) * 181
    path = saved(tmp_path / "l.nii", labels.astype(np.uint8).view(np.int8))
    with pytest.raises(DataError, match="wrapped"):
        read_labels(path)
    ordinary = saved(tmp_path / "o.nii", (head() > 0).astype(np.int8) * 12)
    assert set(np.unique(read_labels(ordinary).array)) == {0, 12}


def test_a_label_map_stored_another_way_is_taken_as_it_is() -> None:
    image = Volume(head(), AFFINE)
    labels = Volume((head() > 110).astype(np.uint8) * 7, AFFINE)
    turned = nib.as_closest_canonical(nib.Nifti1Image(labels.array, labels.affine))
    other = Volume(np.asarray(turned.dataobj), turned.affine)
    placed = labels_on_image(other, image)
    assert np.array_equal(placed.array, labels.array)
    assert np.array_equal(placed.affine, AFFINE)


def test_a_label_map_of_larger_voxels_stays_on_its_grid() -> None:
    image = Volume(head(), AFFINE)
    coarse = AFFINE @ np.array([[2, 0, 0, 0.5], [0, 2, 0, 0.5], [0, 0, 2, 0.5], [0, 0, 0, 1]])
    labels = Volume((head()[::2, ::2, ::2] > 0).astype(np.uint8), coarse)
    assert labels_on_image(labels, image) is labels
    mask = mask_on_image(labels, image)
    assert mask.array.shape == image.array.shape
    assert (mask.array > 0)[10, 12, 11]
    away = coarse.copy()
    away[0, 3] += 40
    with pytest.raises(DataError, match="expected one shape"):
        labels_on_image(Volume(labels.array, away), image)


def test_a_z_scored_image_has_the_brain_it_had() -> None:
    array = head()
    inside = array > 0
    scored = np.where(inside, (array - array[inside].mean()) / array[inside].std(), 0).astype(np.float32)
    found = find_brain(Volume(scored, AFFINE)).mask
    plain = find_brain(Volume(array, AFFINE)).mask
    assert (found != plain).mean() < 0.01


@pytest.mark.parametrize(
    "given",
    [
        np.where(np.arange(head().size).reshape(head().shape) == head().argmax(), np.inf, head()),
        np.where(head() == 0, np.nan, head()),
        np.ma.masked_equal(head(), 0),
        head().astype(np.float16),
        head()[..., None],
        head().astype(np.uint8),
    ],
    ids=["one inf", "NaN around", "masked", "float16", "four axes", "integers"],
)
def test_arrays_in_memory_are_read_as_files_are(given: np.ndarray) -> None:
    found = sound_image("moving", Volume(given, AFFINE)).array
    assert found.shape == head().shape
    assert not isinstance(found, np.ma.MaskedArray)
    assert np.isfinite(found).all()
    assert abs(found.astype(float) - head()).max() <= head().max()
    assert abs(found.astype(float) - head()).mean() < 1


def test_an_array_that_is_no_image_is_an_error_of_contreg() -> None:
    for wrong in (
        np.zeros((3, 4)),
        np.zeros((4, 4, 4, 2)),
        np.zeros((4, 4, 4), complex),
        np.zeros((4, 4, 4), "U1"),
    ):
        with pytest.raises(DataError, match="expected numbers"):
            sound_image("moving", Volume(wrong, AFFINE))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two scans; the second stores no orientation."""
    rows = []
    for name in ("s1", "s2"):
        write_volume(tmp_path / f"{name}.nii.gz", Volume(head(), AFFINE))
        rows.append({"id": name, "image": f"{name}.nii.gz", "split": "train"})

    def change(header):
        header["qform_code"] = header["sform_code"] = 0

    (tmp_path / "s2.nii.gz").write_bytes(
        gzip.compress(saved(tmp_path / "plain.nii", head(), change).read_bytes())
    )
    with (tmp_path / "study.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "image", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "study.csv"


def test_prepare_and_check_say_the_same_of_the_same_file(contreg, study: Path, tmp_path: Path) -> None:
    check = ["data", "check", "manifest", "--source", study]
    prepare = [
        "prepare",
        "--data",
        "manifest",
        "--source",
        study,
        "--cache",
        tmp_path / "cache",
        "--spacing",
        4,
    ]
    for command in (check, prepare):
        refused = contreg(*command)
        assert refused.code == 3
        assert "stores no orientation" in refused.err
        assert "--assume-orientation" in refused.err
        assert contreg(*command, "--assume-orientation", "LAS").code == 0


def test_a_form_code_is_read_without_the_extension(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii", head())
    assert form_code(path) == 1
    assert read_volume(path, kind="image").oriented
