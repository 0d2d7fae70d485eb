"""Transform files of every program through the shell: points and images go where their own program sends them."""

import gzip
import json
import re
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from contreg.transforms import FORMATS
from contreg_core.transform import Grid, WorldField, write_composite, write_field
from contreg_core.transform.world import positions
from contreg_core.volume import Volume, read_volume, write_volume
from tests.program import contreg
from tests.security import hostile

__all__ = ["contreg"]

FLIP = np.array([-1.0, -1.0, 1.0])
FAR = np.array([[150.0, 10, 5], [0, -160, 20], [10, 20, 120], [5, -4, 6]])
GRID = Grid(np.diag([7.0, 7, 7, 1]) + np.array([[0, 0, 0, -31.5]] * 3 + [[0] * 4]), (10, 10, 10))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an image on ``GRID`` and points far around it."""
    rng = np.random.default_rng(0)
    write_volume(tmp_path / "image.nii.gz", Volume(rng.random(GRID.shape, np.float32), GRID.affine))
    rows = "".join(",".join(map(str, point)) + "\n" for point in FAR)
    (tmp_path / "far.csv").write_text("x,y,z\n" + rows)
    return tmp_path


def euler() -> sitk.Transform:
    transform = sitk.Euler3DTransform()
    transform.SetParameters((0.1, -0.2, 0.3, 3, 4, 5))
    transform.SetCenter((5, 5, 5))
    return transform


def wave() -> WorldField:
    return WorldField((3 * np.sin(positions(GRID.affine, GRID.shape) / 20)).astype(np.float32), GRID)


def points_of(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", skiprows=1)


def by_itk(transform: sitk.Transform, points: np.ndarray) -> np.ndarray:
    return np.array([transform.TransformPoint(point) for point in points.tolist()])


def test_an_affine_moves_points_everywhere(contreg, place):
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    command = (
        "warp",
        place / "far.csv",
        "-t",
        place / "a.tfm",
        "--points-space",
        "lps",
        "-o",
        place / "o.csv",
    )
    result = contreg(*command)
    assert result.code == 0, result.err
    assert points_of(place / "o.csv") == pytest.approx(by_itk(euler(), FAR), abs=1e-5)
    assert "outside" not in result.err


def test_a_composite_moves_points_everywhere_and_tells_of_its_field(contreg, place):
    write_composite(
        place / "c.h5", wave(), np.array([[1, 0, 0, 4], [0, 0.9, 0, 3], [0, 0, 1, -2], [0, 0, 0, 1.0]])
    )
    command = (
        "warp",
        place / "far.csv",
        "-t",
        place / "c.h5",
        "--points-space",
        "lps",
        "-o",
        place / "o.csv",
    )
    result = contreg(*command)
    theirs = by_itk(sitk.ReadTransform(str(place / "c.h5")), FAR)
    assert points_of(place / "o.csv") == pytest.approx(theirs, abs=1e-5)
    assert "3 of 4 points lie outside" in result.err
    assert "line 2, 3, 4" in result.err


def test_points_outside_a_field_are_counted(contreg, place):
    write_field(place / "f.nii.gz", wave(), "ras")
    result = contreg("warp", place / "far.csv", "-t", place / "f.nii.gz", "-o", place / "o.csv")
    assert result.code == 0
    assert "3 of 4 points lie outside" in result.err
    assert np.array_equal(points_of(place / "o.csv")[:3], FAR[:3])


def test_a_bspline_moves_points_and_images_as_itk_does(contreg, place):
    image = sitk.ReadImage(str(place / "image.nii.gz"))
    spline = sitk.BSplineTransformInitializer(image, [3, 3, 3])
    size = len(spline.GetParameters())
    spline.SetParameters(np.random.default_rng(1).uniform(-4, 4, size).tolist())
    whole = sitk.CompositeTransform(3)
    whole.AddTransform(euler())
    whole.AddTransform(spline)
    sitk.WriteTransform(whole, str(place / "b.h5"))
    near = FAR / 8
    (place / "near.csv").write_text("x,y,z\n" + "".join(",".join(map(str, p)) + "\n" for p in near))
    contreg("warp", place / "near.csv", "-t", place / "b.h5", "--points-space", "lps", "-o", place / "o.csv")
    assert points_of(place / "o.csv") == pytest.approx(by_itk(whole, near), abs=1e-5)
    given = ("warp", place / "image.nii.gz", "-t", place / "b.h5", "--fixed", place / "image.nii.gz")
    assert contreg(*given, "-o", place / "o.nii.gz").code == 0
    theirs = sitk.GetArrayFromImage(sitk.Resample(image, image, whole, sitk.sitkLinear, 0.0)).T
    assert read_volume(place / "o.nii.gz", kind="image").array == pytest.approx(theirs, abs=1e-4)


def test_a_column_twice_is_refused(contreg, place):
    (place / "p.csv").write_text("x,y,z,x\n1,2,3,4\n")
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    result = contreg("warp", place / "p.csv", "-t", place / "a.tfm", "-o", place / "o.csv")
    assert result.code == 65
    assert "column 'x' twice" in result.error


def test_several_transforms_of_a_text_are_composed_as_a_composite_is(contreg, place):
    parts = [euler(), sitk.TranslationTransform(3, (3.0, 4.0, 5.0)), sitk.ScaleTransform(3, (1.1, 0.9, 1.2))]
    text = "#Insight Transform File V1.0\n"
    whole = sitk.CompositeTransform(3)
    for number, part in enumerate(parts):
        sitk.WriteTransform(part, str(place / "one.tfm"))
        text += f"#Transform {number}\n" + "\n".join((place / "one.tfm").read_text().splitlines()[2:]) + "\n"
        whole.AddTransform(part)
    (place / "many.tfm").write_text(text)
    command = ("warp", place / "far.csv", "-t", place / "many.tfm", "--points-space", "lps")
    result = contreg(*command, "-o", place / "o.csv")
    assert result.code == 0, result.err
    assert points_of(place / "o.csv") == pytest.approx(by_itk(whole, FAR), abs=1e-4)
    assert "itk::" not in result.err
    assert "3 transforms" in result.err


FLIRT = np.array([[0.98, -0.1, 0.05, 4], [0.11, 0.97, -0.02, -7], [-0.04, 0.03, 1.02, 2], [0, 0, 0, 1]])


@pytest.mark.parametrize("mirrored", [False, True])
def test_flirts_matrix_is_read_with_both_images(contreg, place, mirrored):
    """Oracle: fslpy."""
    image = pytest.importorskip("fsl.data.image")
    flirt = pytest.importorskip("fsl.transform.flirt")
    affine = np.diag([-2.0 if mirrored else 2.0, 3, 2.5, 1])
    affine[:3, 3] = 20, -15, -9
    write_volume(
        place / "moving.nii.gz", Volume(np.random.default_rng(1).random((12, 9, 8), np.float32), affine)
    )
    np.savetxt(place / "flirt.mat", FLIRT)
    files = ("--fixed", place / "image.nii.gz", "--moving", place / "moving.nii.gz")
    result = contreg("warp", place / "far.csv", "-t", place / "flirt.mat", *files, "-o", place / "o.csv")
    assert result.code == 0, result.err
    moving, fixed = (image.Image(str(place / f"{name}.nii.gz")) for name in ("moving", "image"))
    world = np.linalg.inv(flirt.fromFlirt(FLIRT, moving, fixed, "world", "world"))
    assert points_of(place / "o.csv") == pytest.approx(FAR @ world[:3, :3].T + world[:3, 3], abs=1e-4)
    alone = contreg("warp", place / "far.csv", "-t", place / "flirt.mat", "-o", place / "o.csv")
    assert alone.code == 2
    assert "--fixed" in alone.error
    assert "--moving" in alone.error


def lta(kind: int, matrix: np.ndarray) -> str:
    def volume(side: str, size: str, zooms: str, centre: str) -> str:
        return (
            f"{side} volume info\nvalid = 1  # volume info valid\nfilename = {side}.mgz\nvolume = {size}\n"
            f"voxelsize = {zooms}\nxras   = -1.0 0.0 0.0\nyras   = 0.0 0.0 -1.0\nzras   = 0.0 1.0 0.0\n"
            f"cras   = {centre}\n"
        )

    rows = "\n".join(" ".join(f"{value:.12e}" for value in row) for row in matrix)
    return (
        f"type      = {kind}\nnxforms   = 1\nmean      = 0.0 0.0 0.0\nsigma     = 1.0\n1 4 4\n{rows}\n"
        + volume("src", "64 60 50", "3.5 3.5 4.0", "1.5 -20.0 12.0")
        + volume("dst", "256 256 256", "1.0 1.0 1.0", "-2.0 5.0 3.0")
    )


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.filterwarnings("ignore")
def test_an_lta_moves_points_as_nitransforms_does(contreg, place, kind):
    linear = pytest.importorskip("nitransforms.linear")
    (place / "a.lta").write_text(lta(kind, FLIRT))
    result = contreg("warp", place / "far.csv", "-t", place / "a.lta", "-o", place / "o.csv")
    assert result.code == 0, result.err
    theirs = linear.load(str(place / "a.lta"), fmt="fs").map(FAR)
    assert points_of(place / "o.csv") == pytest.approx(theirs, abs=1e-3)  # it reads as float32


@pytest.mark.parametrize(
    ("change", "found"), [("type      = 14", "type 14"), ("nxforms   = 2", "2 transforms")]
)
def test_other_ltas_are_refused_with_the_way(contreg, place, change, found):
    key = change.partition("=")[0]
    (place / "a.lta").write_text(re.sub(rf"{key}= \d", change, lta(1, FLIRT)))
    result = contreg("warp", place / "far.csv", "-t", place / "a.lta", "-o", place / "o.csv")
    assert result.code == 65
    assert found in result.error
    assert "lta_convert" in result.error


@pytest.mark.parametrize("name", ["a.x5", "a.h5"])
@pytest.mark.filterwarnings("ignore")
def test_an_x5_is_refused_with_the_way(contreg, place, name):
    nt = pytest.importorskip("nitransforms.linear")
    nt.Affine(FLIRT, reference=str(place / "image.nii.gz")).to_filename(str(place / name), fmt="X5")
    result = contreg("warp", place / "far.csv", "-t", place / name, "-o", place / "o.csv")
    assert result.code == 65
    assert "nitransforms.linear.load(FILE, fmt='X5').to_filename('OUT.tfm', fmt='itk')" in result.error
    nt.load(str(place / name), fmt="X5").to_filename(str(place / "OUT.tfm"), fmt="itk")
    assert contreg("warp", place / "far.csv", "-t", place / "OUT.tfm", "-o", place / "o.csv").code == 0
    assert points_of(place / "o.csv") == pytest.approx(FAR @ FLIRT[:3, :3].T + FLIRT[:3, 3], abs=1e-5)


MNI = "MNI Transform File\n% a comment; of mritotal\n\nTransform_Type = Linear;\nLinear_Transform =\n{};\n"


def test_an_mni_matrix_carries_the_image_where_it_says(contreg, place):
    turn = np.eye(4)
    turn[:2, :2] = [[0.939693, -0.342020], [0.342020, 0.939693]]
    turn[:3, 3] = 3, -2, 1
    (place / "a.xfm").write_text(MNI.format("\n".join(" ".join(map(str, row)) for row in turn[:3])))
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[28:31, 10:13, 24:27] = 50
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -39
    write_volume(place / "l.nii.gz", Volume(labels, affine))
    given = ("warp", place / "l.nii.gz", "-t", place / "a.xfm", "--fixed", place / "l.nii.gz")
    assert contreg(*given, "--interpolation", "nearest", "-o", place / "w.nii.gz").code == 0
    warped = read_volume(place / "w.nii.gz", kind="labels").array
    centre = affine @ [29, 11, 25, 1]
    found = affine @ [*np.argwhere(warped == 50).mean(axis=0), 1]
    assert found == pytest.approx(turn @ centre, abs=0.5)


@pytest.mark.parametrize(
    "text",
    [
        "Transform_Type = Grid_Transform;\nDisplacement_Volume = a.mnc;\n",
        MNI.format("1 0 0 0 0 1 0 0 0 0 1"),
        "x",
    ],
)
def test_other_mni_files_are_refused(contreg, place, text):
    (place / "a.xfm").write_text(text)
    result = contreg("warp", place / "far.csv", "-t", place / "a.xfm", "-o", place / "o.csv")
    assert result.code == 65


@pytest.mark.parametrize(
    ("intent", "way"), [(2007, "fnirtfileutils"), (2008, "fnirtfileutils"), (2018, "topup")]
)
@pytest.mark.parametrize("option", [(), ("--field-format", "fsl")])
def test_coefficients_are_no_displacement(contreg, place, intent, way, option):
    image = nib.Nifti1Image(np.ones((*GRID.shape, 3), np.float32), GRID.affine)
    image.header.set_intent(intent, allow_unknown=True)
    nib.save(image, place / "c.nii.gz")
    given = (place / "image.nii.gz", "-t", place / "c.nii.gz", "--moving", place / "image.nii.gz")
    result = contreg("warp", *given, *option, "-o", place / "o.nii.gz")
    assert result.code == 65
    assert way in result.error
    assert not (place / "o.nii.gz").exists()


def niftyreg(path: Path, kind: int) -> None:
    image = nib.Nifti1Image(np.moveaxis(wave().vectors, 0, -1)[:, :, :, None], GRID.affine)
    image.header.set_intent(1007, name="NREG_TRANS")
    image.header["intent_p1"] = kind
    nib.save(image, path)


@pytest.mark.parametrize("kind", [0, 2, 3, 4, 6])
def test_control_points_and_velocities_of_niftyreg_are_refused(contreg, place, kind):
    niftyreg(place / "n.nii", kind)
    for option in ((), ("--field-format", "itk")):
        result = contreg("transform", "inspect", place / "n.nii", *option)
        assert result.code == 65
        assert "reg_transform -ref FIXED -disp" in result.error


def test_what_niftyreg_makes_of_them_is_read(contreg, place):
    niftyreg(place / "n.nii", 1)
    result = contreg("transform", "convert", place / "n.nii", place / "o.nii.gz", "--to", "ras")
    assert result.code == 0, result.err
    found = np.asarray(nib.load(place / "o.nii.gz").dataobj)[:, :, :, 0]
    assert found == pytest.approx(np.moveaxis(wave().vectors, 0, -1))


@pytest.mark.parametrize(
    ("form", "told", "right"),
    [
        ("spm", "itk", "spm"),
        ("spm", "ras", "spm"),
        ("itk", "spm", "itk or ras"),
        ("fsl", "fsl-absolute", "fsl"),
        ("fsl-absolute", "fsl", "fsl-absolute"),
    ],
)
def test_positions_and_displacements_are_not_mixed_up(contreg, place, form, told, right):
    write_field(place / "f.nii", wave(), form, moving=GRID)
    image = nib.load(place / "f.nii")
    image.header.set_intent(0)  # says nothing of itself
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine), place / "g.nii")
    grid = ("--moving", place / "image.nii.gz")
    result = contreg("transform", "inspect", place / "g.nii", "--field-format", told, *grid)
    assert result.code == 2
    assert f"--field-format {right}" in result.error
    same = contreg("transform", "inspect", place / "g.nii", "--field-format", form, *grid)
    assert same.code == 0, same.err


@pytest.mark.parametrize(("form", "told"), [("ras", "itk"), ("spm", "itk"), ("fsl", "itk"), ("fsl", "voxel")])
def test_what_a_file_says_outranks_the_option(contreg, place, form, told):
    write_field(place / "f.nii", wave(), form, moving=GRID)
    result = contreg("transform", "inspect", place / "f.nii", "--field-format", told)
    assert result.code == 2
    assert "--field-format" in result.error


def test_the_format_of_an_itk_transform_is_no_question(contreg, place):
    write_composite(place / "c.h5", wave())
    result = contreg("transform", "inspect", place / "c.h5", "--field-format", "ras")
    assert result.code == 2
    assert "leave --field-format out" in result.error


@pytest.mark.parametrize("value", [1.1e4, -3e30, np.nan])
def test_lengths_no_scanner_has_are_refused(contreg, place, value):
    field = wave()
    field.vectors[1, 2, 3, 4] = value
    write_field(place / "f.nii", field, "ras")
    write_composite(place / "c.h5", field)
    for name in ("f.nii", "c.h5"):
        result = contreg("transform", "inspect", place / name)
        assert result.code == 65, name
        assert "CR-VAL-09" in result.error


@pytest.mark.parametrize("to", ["tfm", "nii.gz"])
def test_an_affine_is_inverted(contreg, place, to):
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    given = ("transform", "invert", place / "a.tfm", place / f"back.{to}")
    result = contreg(*given, "--moving", place / "image.nii.gz")
    assert result.code == 0, result.err
    (place / "near.csv").write_text("x,y,z\n4,5,6\n-9,3,1\n")
    for source, transform, out in (("near", "a.tfm", "there"), ("there", f"back.{to}", "again")):
        contreg("warp", place / f"{source}.csv", "-t", place / transform, "-o", place / f"{out}.csv")
    assert points_of(place / "again.csv") == pytest.approx(points_of(place / "near.csv"), abs=1e-4)
    assert contreg(*given[:3], place / "c.nii.gz", "--fixed", place / "image.nii.gz").code == 0
    alone = contreg("transform", "invert", place / "a.tfm", place / "b.nii.gz")
    assert alone.code == 2
    assert "--moving" in alone.error


def test_matrices_are_put_together_exactly(contreg, place):
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    given = ("transform", "compose", place / "a.tfm", place / "a.tfm")
    assert contreg(*given, place / "b.tfm").code == 0
    twice = sitk.ReadTransform(str(place / "b.tfm"))
    assert by_itk(twice, FAR) == pytest.approx(by_itk(euler(), by_itk(euler(), FAR)), abs=1e-6)
    field = contreg(*given, place / "c.nii.gz", "--fixed", place / "image.nii.gz")
    assert field.code == 0, field.err


def lending(place: Path, name: str) -> Path:
    shape = (*GRID.shape, 4) if name == "bold" else GRID.shape
    array = np.full(shape, np.nan if name == "nan" else 0, np.float32)
    if name == "bold":
        array += np.random.default_rng(0).random(shape, np.float32)
    image = nib.Nifti1Image(array, GRID.affine if name != "coarse" else np.diag([10.0, 10, 10, 1]))
    nib.save(image, place / f"{name}.nii.gz")
    return place / f"{name}.nii.gz"


@pytest.mark.parametrize("name", ["blank", "nan", "bold", "coarse"])
def test_an_image_that_lends_its_grid_may_hold_anything(contreg, place, name):
    sitk.WriteTransform(sitk.TranslationTransform(3, (0.0, 0.0, 0.0)), str(place / "id.tfm"))
    fixed = ("--fixed", lending(place, name))
    result = contreg("warp", place / "image.nii.gz", "-t", place / "id.tfm", *fixed, "-o", place / "o.nii.gz")
    assert result.code == 0, result.err
    if name != "coarse":
        given = read_volume(place / "image.nii.gz", kind="image").array
        assert read_volume(place / "o.nii.gz", kind="image").array == pytest.approx(given, abs=1e-5)
    result = contreg("transform", "convert", place / "id.tfm", place / "f.nii.gz", *fixed)
    assert result.code == 0, result.err
    again = contreg("transform", "inspect", place / "f.nii.gz", "--json")
    assert json.loads(again.out)["displacement_mm"]["p100"] == 0


SHEARED = GRID.affine @ np.array([[1, 0.2, 0, 0], [0, 1, 0.1, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize("name", ["f.nii.gz", "f.h5"])
def test_fields_for_itk_lie_on_grids_that_itk_has(contreg, place, name):
    write_volume(place / "sheared.nii.gz", Volume(np.ones(GRID.shape, np.uint8), SHEARED))
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    fixed = ("--fixed", place / "sheared.nii.gz")
    result = contreg("transform", "convert", place / "a.tfm", place / name, *fixed)
    assert result.code == 0, result.err
    if name == "f.h5":
        transform = sitk.ReadTransform(str(place / name))
    else:
        field = sitk.ReadImage(str(place / name), sitk.sitkVectorFloat64)
        transform = sitk.DisplacementFieldTransform(field)
    voxels = np.random.default_rng(0).uniform(0, 9, (40, 3))
    points = (voxels @ SHEARED[:3, :3].T + SHEARED[:3, 3]) * FLIP
    assert by_itk(transform, points) == pytest.approx(by_itk(euler(), points), abs=1e-3)


def test_a_sheared_fixed_image_gets_the_image_there(contreg, place):
    blank = Volume(np.zeros(GRID.shape, np.uint8), SHEARED)
    write_volume(place / "sheared.nii.gz", blank)
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    given = ("warp", place / "image.nii.gz", "-t", place / "a.tfm", "--fixed", place / "sheared.nii.gz")
    result = contreg(*given, "-o", place / "o.nii.gz")
    assert result.code == 0, result.err
    warped = read_volume(place / "o.nii.gz", kind="image")
    assert warped.affine == pytest.approx(SHEARED, abs=1e-5)
    index = np.argwhere(warped.array > 0)[::7]
    image = sitk.ReadImage(str(place / "image.nii.gz"))
    for voxel in index:
        point = (SHEARED @ [*voxel, 1])[:3] * FLIP
        there = image.TransformPhysicalPointToContinuousIndex(euler().TransformPoint(point.tolist()))
        if all(1 < value < 8 for value in there):
            value = image.EvaluateAtContinuousIndex(there, sitk.sitkLinear)
            assert warped.array[tuple(voxel)] == pytest.approx(value, abs=1e-4)


@pytest.fixture
def itk_field(contreg, place):
    """``place`` with ``y.nii.gz``, written by contreg, and its JSON."""
    write_composite(place / "c.h5", wave())
    assert contreg("transform", "convert", place / "c.h5", place / "y.nii.gz").code == 0
    return place


def test_a_field_keeps_its_meaning_and_another_does_not_get_it(contreg, itk_field):
    told = json.loads((itk_field / "y.json").read_text())
    assert told["field"]["file"] == "y.nii.gz"
    assert contreg("transform", "inspect", itk_field / "y.nii.gz").code == 0
    write_field(itk_field / "other.nii.gz", wave(), "voxel", moving=GRID)
    (itk_field / "other.nii.gz").replace(itk_field / "y.nii.gz")
    result = contreg("transform", "inspect", itk_field / "y.nii.gz")
    assert result.code == 2
    assert "y.json is of another field" in result.error


def test_zipped_and_unzipped_have_each_their_own_meaning(contreg, itk_field):
    given = (
        itk_field / "y.nii.gz",
        itk_field / "y.nii",
        "--to",
        "voxel",
        "--moving",
        itk_field / "image.nii.gz",
    )
    assert contreg("transform", "convert", *given).code == 0
    found = [
        json.loads(contreg("transform", "inspect", itk_field / name, "--json", *given[4:]).out)
        for name in ("y.nii", "y.nii.gz")
    ]
    assert found[0] == found[1]


def test_a_json_of_an_earlier_contreg_is_believed_where_it_is_of_one_file(contreg, itk_field):
    (itk_field / "y.json").write_text('{"format": "itk"}')
    result = contreg("transform", "inspect", itk_field / "y.nii.gz")
    assert result.code == 0
    assert "no SHA-256" in result.err
    (itk_field / "y.nii").write_bytes(gzip.decompress((itk_field / "y.nii.gz").read_bytes()))
    for name in ("y.nii", "y.nii.gz"):
        refused = contreg("transform", "inspect", itk_field / name)
        assert refused.code == 2
        assert "y.json does not say whether" in refused.error
    (itk_field / "y.nii.gz").unlink()
    assert contreg("transform", "inspect", itk_field / "y.nii").code == 0


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("old", [False, True])
def test_a_convert_in_place_that_is_killed_and_repeated_never_changes_the_map(
    contreg, itk_field, monkeypatch, first, old
):
    """Whichever rename is the last before the kill: the map is what it was, or nothing is believed."""
    if old:
        (itk_field / "y.json").write_text('{"format": "itk"}')
    import contreg_core.files as files

    renames = []

    def replace(source, target):
        if len(renames) == first:
            raise KeyboardInterrupt
        renames.append(target)
        original(source, target)

    original = files.os.replace
    command = ("transform", "convert", itk_field / "y.nii.gz", itk_field / "y.nii.gz", "--to", "voxel")
    given = ("--moving", itk_field / "image.nii.gz", "--overwrite")
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "replace", replace)
        contreg(*command, *given)
    again = contreg(*command, *given)
    named = contreg(*command, *given, "--field-format", "itk") if again.code else again
    assert named.code == 0, named.err
    contreg("transform", "convert", itk_field / "y.nii.gz", itk_field / "z.nii.gz", "--to", "ras", *given)
    found = np.asarray(nib.load(itk_field / "z.nii.gz").dataobj)[:, :, :, 0]
    assert found == pytest.approx(np.moveaxis(wave().vectors, 0, -1), abs=1e-4)


@pytest.mark.parametrize("name", hostile.TRANSFORMS)
def test_hdf5_leads_nowhere_else_and_is_as_large_as_it_says(contreg, place, name):
    hostile.TRANSFORMS[name](place / name, place)
    result = contreg("warp", place / "image.nii.gz", "-t", place / name, "-o", place / "o.nii.gz")
    assert result.code == 65, result.err
    assert not (place / "o.nii.gz").exists()


@pytest.mark.parametrize("kind", ["DisplacementFieldTransform_double_3_3", "BSplineTransform_double_3_3"])
def test_a_text_that_claims_a_large_grid_is_refused(contreg, place, kind):
    fixed = "4096 4096 4096 0 0 0 1 1 1 1 0 0 0 1 0 0 0 1"
    (place / "a.tfm").write_text(
        f"#Insight Transform File V1.0\n#Transform 0\nTransform: {kind}\nParameters: 0 0 0\nFixedParameters: {fixed}\n"
    )
    result = contreg("transform", "inspect", place / "a.tfm")
    assert result.code == 65
    assert "CR-FILE-15" in result.error


SHIFT = sitk.TranslationTransform(3, (48.0, 0.0, 0.0))


def ct(place: Path, air: float, *, noise: float = 0, whole: bool = False) -> Path:
    """A head in air, of whole numbers where asked for."""
    rng = np.random.default_rng(0)
    array = np.full((24, 24, 24), air, np.float32)
    array[5:19, 5:19, 5:19] = rng.uniform(0, 57, (14, 14, 14))
    array += noise * rng.normal(size=array.shape).astype(np.float32)
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = -46
    write_volume(place / "ct.nii.gz", Volume(np.rint(array) if whole else array, affine))
    sitk.WriteTransform(SHIFT, str(place / "shift.tfm"))
    return place / "ct.nii.gz"


def warped(contreg, place: Path, file: Path, *options: object) -> np.ndarray:
    given = ("warp", file, "-t", place / "shift.tfm", "--fixed", file)
    result = contreg(*given, *options, "-o", place / "w.nii.gz")
    assert result.code == 0, result.err
    return read_volume(place / "w.nii.gz", kind="image").array


@pytest.mark.parametrize(("air", "noise"), [(-1024, 0), (300, 0), (0, 0), (-1000, 5)])
def test_outside_is_air(contreg, place, air, noise):
    found = warped(contreg, place, ct(place, air, noise=noise))
    outside = found[:11]
    assert np.ptp(outside) == 0
    assert outside.flat[0] == pytest.approx(air, abs=0.1 + noise)
    if not noise:
        assert (found == air).mean() > 0.7


def test_outside_is_what_is_asked_for(contreg, place):
    assert (warped(contreg, place, ct(place, -1024), "--background", "7")[:11] == 7).all()


def test_a_background_is_not_of_labels(contreg, place):
    given = ("warp", ct(place, 0), "-t", place / "shift.tfm", "--fixed", place / "ct.nii.gz")
    result = contreg(*given, "--interpolation", "nearest", "--background", "7", "-o", place / "w.nii.gz")
    assert result.code == 2


@pytest.mark.parametrize(("order", "air"), [("linear", 0), ("linear", -1024), ("bspline", 300)])
def test_labels_that_are_mixed_are_told_of(contreg, place, order, air):
    labels = np.zeros((24, 24, 24), np.uint8)
    labels[4:12, 4:20, 4:20], labels[12:20, 4:20, 4:20] = 10, 50
    write_volume(place / "l.nii.gz", Volume(labels, np.diag([4.0, 4, 4, 1])))
    image = ct(place, air, whole=True)
    given = ("-t", place / "shift.tfm", "-o", place / "w.nii.gz", "--interpolation")
    lines = [
        contreg("warp", file, "--fixed", image, *given, how).err
        for file, how in ((place / "l.nii.gz", order), (image, order), (place / "l.nii.gz", "label"))
    ]
    assert ["looks like a label map" in line for line in lines] == [True, False, False]


def test_ids_that_float32_cannot_tell_apart_are_refused(contreg, place):
    image = nib.Nifti1Image(np.full((4, 5, 6), 2**24 + 4, np.float32), np.eye(4))
    nib.save(image, place / "l.nii")
    sitk.WriteTransform(SHIFT, str(place / "shift.tfm"))
    given = ("warp", place / "l.nii", "-t", place / "shift.tfm", "--fixed", place / "l.nii")
    result = contreg(*given, "--interpolation", "nearest", "-o", place / "w.nii.gz")
    assert result.code == 65
    assert "16777216" in result.error


@pytest.mark.parametrize("which", ["field", "grid"])
def test_what_stores_no_orientation_is_asked_for(contreg, place, which):
    if which == "field":
        image = nib.Nifti1Image(np.moveaxis(wave().vectors, 0, -1)[:, :, :, None], None)
        image.header.set_intent(1006, allow_unknown=True)
        image.header.set_zooms((7, 7, 7, 1, 1))
        given = ("transform", "inspect", place / "bare.nii", "--json")
    else:
        image = nib.Nifti1Image(np.zeros(GRID.shape, np.uint8), None)
        image.header.set_zooms((7, 7, 7))
        sitk.WriteTransform(euler(), str(place / "a.tfm"))
        given = ("transform", "inspect", place / "a.tfm", "--fixed", place / "bare.nii", "--json")
    nib.save(image, place / "bare.nii")
    refused = contreg(*given)
    assert refused.code == 65
    assert "--assume-orientation" in refused.error
    found = contreg(*given, "--assume-orientation", "PIR")
    assert found.code == 0, found.err
    assert json.loads(found.out)["axes"] == "PIR"


def test_of_two_orientations_one_is_chosen(contreg, place):
    image = nib.Nifti1Image(np.zeros(GRID.shape, np.uint8), GRID.affine)
    image.set_qform(np.diag([-7.0, -7, 7, 1]), 1)
    nib.save(image, place / "two.nii")
    sitk.WriteTransform(euler(), str(place / "a.tfm"))
    given = ("transform", "convert", place / "a.tfm", place / "o.nii.gz", "--fixed", place / "two.nii")
    refused = contreg(*given)
    assert refused.code == 65
    assert "--orientation-from" in refused.error
    assert contreg(*given, "--orientation-from", "qform").code == 0
    assert nib.aff2axcodes(nib.load(place / "o.nii.gz").affine) == ("L", "P", "S")


def test_a_composite_that_is_zipped_inside_is_read(contreg, place):
    """As ANTs writes them where it compresses."""
    write_composite(place / "c.h5", wave(), np.eye(4))
    with h5py.File(place / "c.h5", "r+") as file:
        for name in ("TransformGroup/1", "TransformGroup/2"):
            values = file[name]["TransformParameters"][()]
            del file[name]["TransformParameters"]
            file[name].create_dataset("TransformParameters", data=values, compression="gzip", shuffle=True)
    result = contreg("transform", "convert", place / "c.h5", place / "o.nii.gz", "--to", "ras")
    assert result.code == 0, result.err
    found = np.asarray(nib.load(place / "o.nii.gz").dataobj)[:, :, :, 0]
    assert found == pytest.approx(np.moveaxis(wave().vectors, 0, -1), abs=1e-4)


@pytest.mark.parametrize("form", FORMATS)
def test_no_option_gives_a_field_of_contreg_another_meaning(contreg, place, form):
    """Each option is refused, or says what the JSON says."""
    write_composite(place / "c.h5", wave())
    moving = ("--moving", place / "image.nii.gz")
    assert (
        contreg("transform", "convert", place / "c.h5", place / "f.nii.gz", "--to", form, *moving).code == 0
    )
    codes = {
        told: contreg("transform", "inspect", place / "f.nii.gz", "--field-format", told, *moving).code
        for told in FORMATS
    }
    assert codes == {told: 0 if told == form else 2 for told in FORMATS}
