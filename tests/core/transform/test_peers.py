"""Images, label maps and points carried by our files: ITK, ANTs, FSL and NiTransforms against contreg.

ANTs needs an older numpy than we do: ``CONTREG_PEER_PYTHON`` names an interpreter that has antspyx.
"""

import os
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from contreg_core.files import write_json
from contreg_core.transform import WorldField, warp_image_to, warp_labels_to, write_composite, write_field
from contreg_core.transform.world import Grid
from contreg_core.volume import Volume, write_volume

PEER = os.environ.get("CONTREG_PEER_PYTHON", "")
POINTS_MM, OF_RANGE, TIE = 1e-4, 1e-5, 1e-3


@dataclass
class Case:
    """One pair of grids: files for a peer, and what contreg makes of them."""

    folder: Path
    field: WorldField
    moving: Grid
    image: Volume
    labels: Volume
    index: np.ndarray
    points: np.ndarray

    def moved(self):
        """RAS points of the moving side."""
        return self.points + self.field.vectors[(slice(None), *self.index.T)].T

    def moving_voxels(self):
        """``(3, *shape)``: where every fixed voxel is led to."""
        own = np.indices(self.field.grid.shape, dtype=np.float64)
        return own + self.field.voxels(self.moving.affine)

    def clear(self):
        """Voxels whose moving point is not within rounding of the moving image's edge."""
        shape = np.array(self.moving.shape).reshape(3, 1, 1, 1)
        where = self.moving_voxels()
        away = np.minimum(abs(where + 0.5), abs(where - (shape - 0.5))).min(axis=0)
        return away > TIE

    def untied(self):
        """Voxels whose moving point is nearest to one voxel."""
        where = self.moving_voxels()
        return self.clear() & (abs(where - np.floor(where) - 0.5).min(axis=0) > TIE)

    def check_image(self, theirs, order=1):
        ours = warp_image_to(self.image, self.field, order).array
        apart = abs(ours - theirs)[self.clear()]
        assert apart.max() <= OF_RANGE * np.ptp(self.image.array)

    def check_labels(self, theirs):
        ours = warp_labels_to(self.labels, self.field, "nearest").array
        assert (ours != theirs)[self.untied()].sum() == 0


def make(tools, geometry, folder, form):
    folder.mkdir(parents=True, exist_ok=True)
    fixed, moving = tools.pair(geometry)
    field, _ = tools.smooth(fixed)
    rng = np.random.default_rng(0)
    image = Volume(rng.normal(size=moving.shape).astype(np.float32), moving.affine)
    labels = Volume(rng.integers(0, 9, moving.shape).astype(np.uint8), moving.affine)
    index, points = tools.voxel_points(fixed)
    write_volume(folder / "fixed.nii", Volume(np.ones(fixed.shape, np.float32), fixed.affine))
    write_volume(folder / "image.nii", image)
    write_volume(folder / "labels.nii", labels)
    if form == "h5":
        write_composite(folder / "f.h5", field)
    else:
        write_field(folder / "f.nii", field, form, moving=moving)
    return Case(folder, field, moving, image, labels, index, points)


@pytest.mark.parametrize("form", ["itk", "ras"])
def test_itk_carries_images_and_labels_as_we_do(tools, tmp_path, geometries, form):
    for geometry in geometries:
        case = make(tools, geometry, tmp_path, form)
        read = SimpleITK.ReadImage
        transform = SimpleITK.DisplacementFieldTransform(
            read(str(tmp_path / "f.nii"), SimpleITK.sitkVectorFloat64)
        )
        fixed = read(str(tmp_path / "fixed.nii"))
        for name, how, check in (
            ("image", SimpleITK.sitkLinear, case.check_image),
            ("image", SimpleITK.sitkBSpline, partial(case.check_image, order=3)),
            ("labels", SimpleITK.sitkNearestNeighbor, case.check_labels),
        ):
            theirs = SimpleITK.Resample(read(str(tmp_path / f"{name}.nii")), fixed, transform, how, 0.0)
            check(SimpleITK.GetArrayFromImage(theirs).T)


ANTS = """
import json, sys
import ants, numpy as np, pandas as pd
for folder in json.load(open(sys.argv[1])):
    import os
    field = folder + ("/f.h5" if os.path.exists(folder + "/f.h5") else "/f.nii")
    fixed = ants.image_read(folder + "/fixed.nii")
    for name, how in (("image", "linear"), ("labels", "nearestNeighbor")):
        moving = ants.image_read(folder + "/" + name + ".nii")
        found = ants.apply_transforms(fixed, moving, [field], interpolator=how)
        np.save(folder + "/" + name + ".npy", found.numpy())
    points = pd.DataFrame(np.load(folder + "/points.npy"), columns=["x", "y", "z"])
    moved = ants.apply_transforms_to_points(3, points, [field])
    np.save(folder + "/moved.npy", moved[["x", "y", "z"]].to_numpy())
"""


@pytest.mark.skipif(not PEER, reason="CONTREG_PEER_PYTHON names no interpreter that has antspyx")
@pytest.mark.parametrize("form", ["itk", "h5"])
def test_ants_carries_all_three_as_we_do(tools, tmp_path, geometries, form):
    cases = [make(tools, geometry, tmp_path / str(n), form) for n, geometry in enumerate(geometries)]
    flip = np.array([-1, -1, 1])
    for case in cases:
        np.save(case.folder / "points.npy", case.points * flip)
    write_json(tmp_path / "folders.json", [str(case.folder) for case in cases])
    subprocess.run([PEER, "-c", ANTS, str(tmp_path / "folders.json")], check=True, capture_output=True)
    for case in cases:
        case.check_image(np.load(case.folder / "image.npy"))
        case.check_labels(np.load(case.folder / "labels.npy"))
        assert abs(np.load(case.folder / "moved.npy") * flip - case.moved()).max() <= POINTS_MM


def test_fsl_carries_images_as_we_do(tools, tmp_path, geometries):
    """Points of FSL are in test_conventions; here the image that fslpy resamples through the warp."""
    fnirt = pytest.importorskip("fsl.transform.fnirt")
    from fsl.data.image import Image
    from scipy.ndimage import map_coordinates

    for geometry in geometries:
        case = make(tools, geometry, tmp_path, "fsl")
        moving, fixed = (Image(str(tmp_path / f"{name}.nii")) for name in ("image", "fixed"))
        warp = fnirt.readFnirt(str(tmp_path / "f.nii"), moving, fixed, defType="relative")
        world = warp.transform(case.points, from_="world", to="world")
        voxels = (world - case.moving.affine[:3, 3]) @ np.linalg.inv(case.moving.affine[:3, :3]).T
        theirs = map_coordinates(case.image.array, voxels.T, order=1, mode="nearest")
        ours = warp_image_to(case.image, case.field).array[tuple(case.index.T)]
        edge = np.array(case.moving.shape) - 1
        inside = ((voxels > TIE) & (voxels < edge - TIE)).all(axis=1)
        assert abs(ours - theirs)[inside].max(initial=0) <= OF_RANGE * np.ptp(case.image.array)


@pytest.mark.filterwarnings("ignore")
def test_nitransforms_reads_our_itk_field(tools, tmp_path, geometries):
    nonlinear = pytest.importorskip("nitransforms.nonlinear")
    for geometry in geometries:
        case = make(tools, geometry, tmp_path, "itk")
        theirs = nonlinear.load(str(tmp_path / "f.nii"), fmt="itk").map(case.points)
        assert abs(theirs - case.moved()).max() <= POINTS_MM
