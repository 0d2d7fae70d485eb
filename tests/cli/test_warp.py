"""``contreg warp`` and ``contreg transform`` on files, against SimpleITK."""

import csv
import json
from typing import get_args

import numpy as np
import pytest
import SimpleITK

from contreg.transforms import FORMATS
from contreg_core.transform import CONVENTIONS, FieldFormat, Grid, WorldField, write_field
from contreg_core.transform.world import positions
from contreg_core.volume import Volume, read_volume, write_volume

SHAPE = (13, 12, 11)


@pytest.fixture
def study(tmp_path):
    """A moving image and labels, a fixed image on another grid, a field between them."""
    fixed = Grid(np.array([[-2.0, 0.2, 0, 12], [0.1, 0, 2.2, -10], [0, 2.0, 0, -9], [0, 0, 0, 1]]), SHAPE)
    directions, _ = np.linalg.qr(fixed.affine[:3, :3])
    fixed.affine[:3, :3] = directions @ np.diag([2.0, 2.2, 2.0])
    fixed.affine[:3, 3] = -fixed.affine[:3, :3] @ (np.array(SHAPE) - 1) / 2
    moving = Grid(np.diag([1.8, 1.8, 1.8, 1.0]), (16, 15, 14))
    moving.affine[:3, 3] = -12.5
    rng = np.random.default_rng(0)
    write_volume(tmp_path / "moving.nii.gz", Volume(rng.random(moving.shape, np.float32), moving.affine))
    labels = rng.integers(0, 5, moving.shape).astype(np.uint8)
    write_volume(tmp_path / "labels.nii.gz", Volume(labels, moving.affine))
    write_volume(tmp_path / "fixed.nii.gz", Volume(rng.random(SHAPE, np.float32), fixed.affine))
    waves = np.sin(positions(fixed.affine, SHAPE) / 9)
    write_field(tmp_path / "xfm.nii.gz", WorldField((2 * waves).astype(np.float32), fixed))
    (tmp_path / "xfm.json").write_text('{"format": "itk"}')
    return tmp_path


def itk(study, name, interpolator):
    field = SimpleITK.ReadImage(str(study / "xfm.nii.gz"), SimpleITK.sitkVectorFloat64)
    transform = SimpleITK.DisplacementFieldTransform(field)
    images = [SimpleITK.ReadImage(str(study / f"{file}.nii.gz")) for file in (name, "fixed")]
    return SimpleITK.GetArrayFromImage(SimpleITK.Resample(*images, transform, interpolator, 0.0)).T


def test_images_arrive_where_itk_puts_them(contreg, study):
    result = contreg("warp", study / "moving.nii.gz", "-t", study / "xfm.nii.gz", "-o", study / "w.nii.gz")
    assert result.code == 0, result.err
    ours = read_volume(study / "w.nii.gz", kind="image").array
    inner = (slice(1, -1),) * 3
    assert np.abs(ours - itk(study, "moving", SimpleITK.sitkLinear))[inner].max() < 1e-4


def test_bspline_is_itks_in_the_interior(contreg, study):
    contreg(
        *("warp", study / "moving.nii.gz", "-t", study / "xfm.nii.gz", "--interpolation", "bspline"),
        *("-o", study / "w.nii.gz"),
    )
    ours = read_volume(study / "w.nii.gz", kind="image").array
    theirs = itk(study, "moving", SimpleITK.sitkBSpline)
    inner = (slice(1, -1),) * 3
    assert np.abs(ours - theirs)[inner].max() < 1e-4
    assert np.abs(ours - itk(study, "moving", SimpleITK.sitkLinear)).max() > 0.05


def test_labels_are_itks_outside_ties(contreg, study):
    contreg(
        *("warp", study / "labels.nii.gz", "-t", study / "xfm.nii.gz", "--interpolation", "nearest"),
        *("-o", study / "l.nii.gz"),
    )
    ours = read_volume(study / "l.nii.gz", kind="labels").array
    theirs = itk(study, "labels", SimpleITK.sitkNearestNeighbor)
    inner = (slice(1, -1),) * 3
    assert (ours != theirs)[inner].sum() <= 1


@pytest.mark.parametrize("space", ["ras", "lps"])
def test_points_go_from_fixed_to_moving_and_back(contreg, study, space):
    sign = np.array([1, 1, 1] if space == "ras" else [-1, -1, 1])
    points = np.random.default_rng(1).uniform(-6, 6, (20, 3))
    with (study / "p.csv").open("w") as stream:
        stream.write("x,y,z,name\n")
        for number, point in enumerate(points * sign):
            stream.write(",".join(map(str, point)) + f",point {number}\n")
    forward, back = study / "xfm.nii.gz", study / "back.nii.gz"
    assert contreg("transform", "invert", forward, back, "--moving", study / "moving.nii.gz").code == 0
    for source, transform, out in (("p", forward, "q"), ("q", back, "r")):
        command = ("warp", study / f"{source}.csv", "-t", transform, "--points-space", space)
        assert contreg(*command, "-o", study / f"{out}.csv").code == 0
    moved, again = (read(study / f"{name}.csv") for name in "qr")
    field = SimpleITK.ReadImage(str(forward), SimpleITK.sitkVectorFloat64)
    transform = SimpleITK.DisplacementFieldTransform(field)
    lps = np.array([-1, -1, 1])
    theirs = [np.array(transform.TransformPoint((p * lps).tolist())) * lps for p in points]
    assert moved * sign == pytest.approx(np.array(theirs), abs=1e-4)
    assert np.median(np.linalg.norm(again * sign - points, axis=1)) < 0.05  # both linear between voxels


def read(path):
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows[3]["name"] == "point 3"
    return np.array([[float(row[axis]) for axis in "xyz"] for row in rows])


@pytest.mark.parametrize("form", ["ras", "fsl", "fsl-absolute", "spm", "voxel"])
def test_there_and_back_through_every_convention(contreg, study, form):
    one, two = study / "one.nii.gz", study / "two.nii.gz"
    grid = ("--moving", study / "moving.nii.gz")
    assert contreg("transform", "convert", study / "xfm.nii.gz", one, "--to", form, *grid).code == 0
    assert contreg("transform", "convert", one, two, *grid).code == 0
    first, second = (
        SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(p))) for p in (study / "xfm.nii.gz", two)
    )
    assert second == pytest.approx(first, abs=1e-4)


def test_composite_and_inspect(contreg, study):
    assert contreg("transform", "convert", study / "xfm.nii.gz", study / "c.h5").code == 0
    found = [
        json.loads(contreg("transform", "inspect", study / f, "--json").out) for f in ("xfm.nii.gz", "c.h5")
    ]
    assert found[0] == found[1]
    assert found[0]["shape"] == list(SHAPE)
    assert 1 < found[0]["displacement_mm"]["p100"] < 4
    assert found[0]["folding_percent"] == 0
    assert "folding_percent: 0" in contreg("transform", "inspect", study / "c.h5").out


def test_composition_warps_points_by_first_then_second(contreg, study):
    xfm = study / "xfm.nii.gz"
    assert contreg("transform", "compose", xfm, xfm, study / "both.nii.gz").code == 0
    (study / "p.csv").write_text("x,y,z\n1,2,3\n-3,1,-2\n")
    for source, transform, out in (("p", xfm, "q"), ("q", xfm, "r"), ("p", study / "both.nii.gz", "s")):
        contreg("warp", study / f"{source}.csv", "-t", transform, "-o", study / f"{out}.csv")
    texts = [np.loadtxt(study / f"{name}.csv", delimiter=",", skiprows=1) for name in "rs"]
    assert texts[0] == pytest.approx(texts[1], abs=0.02)


def test_a_field_that_says_nothing_is_refused(contreg, study):
    (study / "xfm.json").unlink()
    result = contreg("warp", study / "moving.nii.gz", "-t", study / "xfm.nii.gz", "-o", study / "w.nii.gz")
    assert result.code == 2
    assert "does not say what its numbers mean" in result.error
    named = ("--field-format", "itk", "-o", study / "w.nii.gz")
    assert contreg("warp", study / "moving.nii.gz", "-t", study / "xfm.nii.gz", *named).code == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [("a,b\n1,2\n", "no column"), ("x,y,z\n1,2,n/a\n", "line 2: z"), ("x,y,z\n", "no column")],
)
def test_bad_points_are_named(contreg, study, text, found):
    (study / "p.csv").write_text(text)
    result = contreg("warp", study / "p.csv", "-t", study / "xfm.nii.gz", "-o", study / "q.csv")
    assert result.code == 65
    assert found in result.error
    assert not (study / "q.csv").exists()


def test_the_output_must_be_a_transform(contreg, study):
    result = contreg("transform", "convert", study / "xfm.nii.gz", study / "x.png")
    assert result.code == 2
    assert "written as" in result.error


def test_the_shell_knows_every_convention():
    """Its list is written out, so that help needs no import."""
    assert set(FORMATS) == set(CONVENTIONS) == set(get_args(FieldFormat))
