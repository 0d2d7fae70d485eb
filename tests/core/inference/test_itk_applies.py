"""The written field in the hands of ITK: it carries the moving image to where contreg carried it."""

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from contreg_core.inference.register import register_images
from contreg_core.transform import write_field
from contreg_core.volume import write_volume

SHAPE = (26, 30, 24)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "ASL", "PIR", "oblique"])
def test_itk_warps_as_contreg_does(tools, tmp_path, codes):
    columns = tools.turn() if codes == "oblique" else tools.PERMUTED[codes]
    fixed = tools.brain_at(tools.affine_of(columns, (1.7, 2.0, 2.6), SHAPE), SHAPE)
    moving = tools.brain_at(
        tools.affine_of(tools.turn((4, -3, 8)), (2.1, 1.9, 2.3), (32, 34, 28)), (32, 34, 28), 1
    )
    result = register_images(tools.KnownModel(tools.smooth_velocity), moving, fixed)
    write_volume(tmp_path / "moving.nii.gz", moving)
    write_volume(tmp_path / "fixed.nii.gz", fixed)
    write_field(tmp_path / "field.nii.gz", result.displacement, code=2)
    theirs = itk_warp(tmp_path)
    inner = (slice(1, -1),) * 3
    assert np.abs(result.displacement.vectors).max() > 1
    assert np.abs(theirs - result.warped.array)[inner].max() <= 1e-4 * np.ptp(moving.array)


def itk_warp(folder):
    field = SimpleITK.ReadImage(str(folder / "field.nii.gz"))
    transform = SimpleITK.DisplacementFieldTransform(SimpleITK.Cast(field, SimpleITK.sitkVectorFloat64))
    moving, fixed = (SimpleITK.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("moving", "fixed"))
    warped = SimpleITK.Resample(moving, fixed, transform, SimpleITK.sitkLinear, 0.0, SimpleITK.sitkFloat32)
    return SimpleITK.GetArrayFromImage(warped).T


def test_header_and_bytes(tools, tmp_path):
    fixed = tools.brain_at(tools.affine_of(tools.PERMUTED["ASL"], (1.7, 2.0, 2.6), SHAPE), SHAPE)
    field = register_images(tools.KnownModel(tools.smooth_velocity), fixed, fixed).displacement
    for name in ("a", "b"):
        write_field(tmp_path / f"{name}.nii.gz", field, code=4)
    image = nib.load(tmp_path / "a.nii.gz")
    assert image.shape == (*SHAPE, 1, 3)
    assert image.header.get_intent()[0] == "vector"
    assert image.get_data_dtype() == np.float32
    assert image.get_sform(coded=True)[1] == image.get_qform(coded=True)[1] == 4
    assert image.affine == pytest.approx(fixed.affine, abs=1e-5)
    assert image.header.get_zooms()[:3] == pytest.approx((1.7, 2.0, 2.6))
    stored = np.moveaxis(np.asarray(image.dataobj)[:, :, :, 0], -1, 0)
    assert np.array_equal(stored, field.vectors * np.array([-1, -1, 1], np.float32).reshape(3, 1, 1, 1))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_a_sheared_grid_is_kept_in_the_sform_alone(tools, tmp_path):
    affine = tools.affine_of(np.eye(3), (2.0, 2.0, 2.0), SHAPE)
    affine[0, 1] = 0.3
    fixed = tools.brain_at(affine, SHAPE)
    result = register_images(tools.KnownModel(tools.smooth_velocity), fixed, fixed)
    write_field(tmp_path / "field.nii.gz", result.displacement)
    header = nib.load(tmp_path / "field.nii.gz").header
    assert np.allclose(header.get_sform(), affine, atol=1e-5)
    assert header["qform_code"] == 0
