"""Writing: two equal forms, no partial file under the final name, labels without a scale factor."""

import errno
import os

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from contreg_core.errors import OutputError, StorageError, UsageError
from contreg_core.volume import Volume, read_volume, write_volume

AFFINE = np.array([[0.0, -1.2, 0, 30], [0.9, 0, 0, -40], [0, 0, 2.0, 5], [0, 0, 0, 1]])
IMAGE = Volume(np.random.default_rng(1).normal(size=(4, 5, 6)).astype(np.float32), AFFINE)


def test_both_forms_hold_the_affine(tmp_path):
    write_volume(tmp_path / "a.nii.gz", IMAGE, code=4, description="moved by contreg")
    header = nib.load(tmp_path / "a.nii.gz").header
    for affine, code in (header.get_sform(coded=True), header.get_qform(coded=True)):
        assert affine == pytest.approx(AFFINE, abs=1e-5)
        assert code == 4
    assert header.get_zooms() == pytest.approx((0.9, 1.2, 2.0))
    assert header.get_xyzt_units()[0] == "mm"
    assert bytes(header["descrip"]).startswith(b"moved by contreg")


def test_itk_sees_the_same_place(tmp_path):
    write_volume(tmp_path / "a.nii.gz", IMAGE)
    image = SimpleITK.ReadImage(str(tmp_path / "a.nii.gz"))
    lps = np.array(image.TransformIndexToPhysicalPoint((1, 2, 3)))
    assert lps * [-1, -1, 1] == pytest.approx(AFFINE[:3] @ [1, 2, 3, 1], abs=1e-4)
    assert pytest.approx(IMAGE.array) == SimpleITK.GetArrayFromImage(image).T


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(120).reshape(4, 5, 6), "u1"),
        (np.arange(120).reshape(4, 5, 6) * 20, "u2"),
        (np.arange(120).reshape(4, 5, 6) > 3, "u1"),
        (np.linspace(0, 1, 120).reshape(4, 5, 6), "f4"),
    ],
)
def test_stored_type_without_scale(tmp_path, array, dtype):
    write_volume(tmp_path / "a.nii", Volume(array, AFFINE))
    content = (tmp_path / "a.nii").read_bytes()
    slope, intercept = np.frombuffer(content, "<f4", 2, 112)
    assert nib.load(tmp_path / "a.nii").get_data_dtype() == np.dtype(dtype)
    assert slope in (0, 1) or np.isnan(slope)
    assert intercept == 0 or np.isnan(intercept)


def test_same_volume_same_bytes(tmp_path):
    for name in ("a.nii.gz", "b.nii.gz"):
        write_volume(tmp_path / name, IMAGE)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_a_sheared_affine_survives(tmp_path):
    sheared = AFFINE.copy()
    sheared[0, 2] = 0.3
    write_volume(tmp_path / "a.nii", Volume(IMAGE.array, sheared))
    assert read_volume(tmp_path / "a.nii", kind="image").affine == pytest.approx(sheared, abs=1e-6)


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match="nii"):
        write_volume(tmp_path / "a.mha", IMAGE)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_volume(tmp_path / "file" / "a.nii", IMAGE)


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, StorageError), (errno.EROFS, OutputError)])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, number, kind):
    write_volume(tmp_path / "a.nii", IMAGE)
    before = (tmp_path / "a.nii").read_bytes()

    def fail(_handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind):
        write_volume(tmp_path / "a.nii", Volume(IMAGE.array + 1, AFFINE))
    assert (tmp_path / "a.nii").read_bytes() == before
    assert os.listdir(tmp_path) == ["a.nii"]
