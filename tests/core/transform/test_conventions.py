"""Fields in the hands of the tools they are written for; and back."""

import numpy as np
import pytest
import SimpleITK

from contreg_core.errors import DataError, UsageError
from contreg_core.files import write_json
from contreg_core.transform import CONVENTIONS, read_field, read_transform, write_composite, write_field
from contreg_core.transform.world import positions
from contreg_core.volume import Volume, write_volume


def itk_points(transform, points):
    flip = np.array([-1, -1, 1])
    return np.array([transform.TransformPoint((p * flip).tolist()) for p in points]) * flip


def every(tools, geometries, check):
    worst = max(check(*tools.pair(geometry)) for geometry in geometries)
    assert worst <= 1e-4, f"{worst} mm"


@pytest.mark.parametrize("form", ["itk", "ras"])
def test_itk_moves_points_as_we_do(tools, tmp_path, geometries, form):
    def check(fixed, moving):
        field, _ = tools.smooth(fixed)
        write_field(tmp_path / "f.nii", field, form)
        image = SimpleITK.ReadImage(str(tmp_path / "f.nii"), SimpleITK.sitkVectorFloat64)
        index, points = tools.voxel_points(fixed)
        theirs = itk_points(SimpleITK.DisplacementFieldTransform(image), points)
        return abs(theirs - points - field.vectors[(slice(None), *index.T)].T).max()

    every(tools, geometries, check)


def test_fsl_moves_points_as_we_do(tools, tmp_path, geometries):
    fnirt = pytest.importorskip("fsl.transform.fnirt")
    fsl_image = pytest.importorskip("fsl.data.image")

    def check(fixed, moving):
        field, _ = tools.smooth(fixed)
        for name, grid in (("fixed", fixed), ("moving", moving)):
            write_volume(tmp_path / f"{name}.nii", Volume(np.zeros(grid.shape, np.float32), grid.affine))
        images = [fsl_image.Image(str(tmp_path / f"{name}.nii")) for name in ("moving", "fixed")]
        index, points = tools.voxel_points(fixed)
        ours = points + field.vectors[(slice(None), *index.T)].T
        errors = []
        for form, kind in (("fsl", "relative"), ("fsl-absolute", "absolute")):
            write_field(tmp_path / "f.nii", field, form, moving=moving)
            theirs = fnirt.readFnirt(str(tmp_path / "f.nii"), *images, defType=kind)
            errors.append(abs(theirs.transform(points, from_="world", to="world") - ours).max())
        return max(errors)

    every(tools, geometries, check)


@pytest.mark.parametrize("form", sorted(CONVENTIONS))
def test_what_is_written_is_read_again(tools, tmp_path, geometries, form):
    def check(fixed, moving):
        field, _ = tools.smooth(fixed)
        write_field(tmp_path / "f.nii.gz", field, form, moving=moving)
        again = read_field(tmp_path / "f.nii.gz", form, moving=moving)
        assert again.grid.affine == pytest.approx(fixed.affine, abs=1e-5)
        return abs(again.vectors - field.vectors).max()

    every(tools, geometries, check)


def test_spm_stores_where_points_go(tools, tmp_path):
    fixed = tools.grid("ASL", oblique=True)
    field, _ = tools.smooth(fixed)
    write_field(tmp_path / "y.nii", field, "spm")
    image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "y.nii"))).transpose(3, 2, 1, 0)
    assert image == pytest.approx(positions(fixed.affine, fixed.shape) + field.vectors, abs=1e-4)


def test_voxel_numbers_lead_to_the_moving_voxel(tools, tmp_path):
    fixed, moving = tools.grid("LPS"), tools.grid("PIR", (2.0, 1.0, 1.5), (9, 9, 9), oblique=True)
    field, _ = tools.smooth(fixed)
    write_field(tmp_path / "v.nii", field, "voxel", moving=moving)
    import nibabel as nib

    stored = np.asarray(nib.load(tmp_path / "v.nii").dataobj)
    index, points = tools.voxel_points(fixed)
    voxels = index + stored[tuple(index.T)]
    world = voxels @ moving.affine[:3, :3].T + moving.affine[:3, 3]
    assert world == pytest.approx(points + field.vectors[(slice(None), *index.T)].T, abs=1e-4)


@pytest.mark.parametrize("form", ["fsl", "fsl-absolute", "voxel"])
def test_a_format_of_two_grids_asks_for_the_other(tools, tmp_path, form):
    field, _ = tools.smooth(tools.grid())
    with pytest.raises(UsageError, match="moving image's grid"):
        write_field(tmp_path / "f.nii", field, form)
    write_field(tmp_path / "f.nii", field, form, moving=field.grid)
    with pytest.raises(UsageError, match="moving image's grid"):
        read_field(tmp_path / "f.nii", form)


@pytest.mark.parametrize("form", ["itk", "fsl", "fsl-absolute", "voxel"])
def test_nothing_is_guessed(tools, tmp_path, form):
    field, _ = tools.smooth(tools.grid())
    write_field(tmp_path / "f.nii.gz", field, form, moving=field.grid)
    with pytest.raises(UsageError, match="does not say what its numbers mean") as caught:
        read_field(tmp_path / "f.nii.gz")
    assert "--field-format" in str(caught.value.hint)
    write_json(tmp_path / "f.json", {"format": form})
    assert read_field(tmp_path / "f.nii.gz", moving=field.grid).vectors == pytest.approx(
        field.vectors, abs=1e-4
    )


@pytest.mark.parametrize("form", ["ras", "spm"])
def test_what_says_what_it_is_needs_no_name(tools, tmp_path, form):
    field, _ = tools.smooth(tools.grid("PIR"))
    write_field(tmp_path / "f.nii.gz", field, form)
    assert read_field(tmp_path / "f.nii.gz").vectors == pytest.approx(field.vectors, abs=1e-4)


def test_a_niftyreg_transform_is_named(tools, tmp_path):
    import nibabel as nib

    image = nib.Nifti1Image(np.zeros((4, 5, 6, 1, 3), np.float32), np.eye(4))
    image.header.set_intent(1007, name="NREG_TRANS")
    nib.save(image, tmp_path / "n.nii")
    with pytest.raises(DataError, match="NiftyReg"):
        read_field(tmp_path / "n.nii")


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 6, 2), (4, 5, 6, 2, 3)])
def test_what_is_no_field_is_refused(tmp_path, shape):
    import nibabel as nib

    nib.save(nib.Nifti1Image(np.zeros(shape, np.float32), np.eye(4)), tmp_path / "n.nii.gz")
    with pytest.raises(DataError, match="expected a field"):
        read_field(tmp_path / "n.nii.gz", "itk")


def test_a_field_of_nan_is_refused(tools, tmp_path):
    field, _ = tools.smooth(tools.grid())
    field.vectors[0, 3, 3, 3] = np.nan
    write_field(tmp_path / "f.nii", field)
    with pytest.raises(DataError, match="NaN"):
        read_field(tmp_path / "f.nii", "itk")


def test_composite_of_affine_and_field(tools, tmp_path, geometries):
    matrix = np.eye(4)
    matrix[:3, :3] = 1.1 * tools.rotation((9, -14, 21))
    matrix[:3, 3] = 5, -3, 2

    def check(fixed, moving):
        inner, _ = tools.smooth(fixed)
        points_all = positions(fixed.affine, fixed.shape)
        moved = np.tensordot(matrix[:3, :3], points_all + inner.vectors, axes=1) + matrix[:3, 3].reshape(
            3, 1, 1, 1
        )
        total = type(inner)((moved - points_all).astype(np.float32), fixed)
        write_composite(tmp_path / "c.h5", total, matrix)
        transform = SimpleITK.ReadTransform(str(tmp_path / "c.h5"))
        index, points = tools.voxel_points(fixed, border=1)
        theirs = itk_points(transform, points)
        error = abs(theirs - points - total.vectors[(slice(None), *index.T)].T).max()
        again = read_transform(tmp_path / "c.h5")
        assert again.grid.affine == pytest.approx(fixed.affine, abs=1e-5)
        return max(error, abs(again.vectors - total.vectors).max())

    every(tools, geometries, check)


def test_an_affine_file_needs_a_grid(tools, tmp_path):
    affine = SimpleITK.AffineTransform([1, 0, 0, 0, 1, 0, 0, 0, 1], [1.0, 2.0, 3.0])
    SimpleITK.WriteTransform(affine, str(tmp_path / "a.mat"))
    with pytest.raises(UsageError, match="no grid of its own"):
        read_transform(tmp_path / "a.mat")
    field = read_transform(tmp_path / "a.mat", tools.grid())
    assert np.abs(field.vectors - np.array([-1, -2, 3]).reshape(3, 1, 1, 1)).max() < 1e-5


def test_a_damaged_transform_is_refused_in_silence(tools, tmp_path, capfd):
    """HDF5 inside ITK would print pages of its own."""
    write_composite(tmp_path / "whole.h5", tools.smooth(tools.grid())[0])
    whole = (tmp_path / "whole.h5").read_bytes()
    for content in (b"not HDF5 at all", whole[: len(whole) // 2]):
        (tmp_path / "x.h5").write_bytes(content)
        with pytest.raises(DataError, match="ITK cannot read"):
            read_transform(tmp_path / "x.h5")
    assert capfd.readouterr() == ("", "")
