"""Rigid and affine alignment of two brains by SimpleITK, before anything is deformed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.inference.images import Brain, resample_to
from contreg_core.transform.itk_grid import LPS, columns, place
from contreg_core.transform.world import Affine, Grid
from contreg_core.volume import spacing

Alignment: TypeAlias = Literal["none", "rigid", "affine"]
FINE_MM, ROUGH_MM = 2.0, 4.0
_BINS = 32
_SHARE = 0.25
_SEED = 1


def align(moving: Brain, fixed: Brain, kind: Alignment = "affine", *, edge: float = FINE_MM) -> Affine:
    """The world map ``G`` (4x4, RAS mm, fixed points to moving points) that brings the moving brain onto the fixed.

    Mass centres first, then rigid, then (``"affine"``) twelve parameters; mutual information (Mattes et al. 2003) of
    the images at ``edge`` mm on three resolutions. Images of any contrast, orientation and spacing. ``"none"`` gives
    the identity. Raises ``DataError`` where ITK finds no alignment.
    """
    if kind == "none":
        return np.eye(4)
    images = [_coarse(brain, edge) for brain in (fixed, moving)]
    try:
        with _one_thread():
            rigid = sitk.CenteredTransformInitializer(
                *images, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
            )
            found = _optimise(images[0], images[1], sitk.Euler3DTransform(rigid), iterations=100)
            if kind == "affine":
                found = _optimise(images[0], images[1], _as_affine(found), iterations=150)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            f"the brains could not be aligned ({reason})", "check both images, or use --affine none"
        ) from error
    return _matrix(found)


def aligned(brain: Brain, stage: Affine) -> Brain:
    """The moving brain as it lies in the fixed world: its affine is ``G^-1 A_M``."""
    return replace(brain, volume=replace(brain.volume, affine=np.linalg.inv(stage) @ brain.volume.affine))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads add up the metric in another order each time: the same command would give other bits."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _optimise(
    fixed: sitk.Image, moving: sitk.Image, start: sitk.Transform, iterations: int
) -> sitk.Transform:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SHARE, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, iterations, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([4.0, 2.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(start, inPlace=False)
    return method.Execute(fixed, moving)


def _as_affine(rigid: sitk.Transform) -> sitk.AffineTransform:
    inner = sitk.Euler3DTransform(_single(rigid))
    affine = sitk.AffineTransform(3)
    affine.SetCenter(inner.GetCenter())
    affine.SetMatrix(inner.GetMatrix())
    affine.SetTranslation(inner.GetTranslation())
    return affine


def _single(transform: sitk.Transform) -> sitk.Transform:
    """ITK may wrap its answer in a composite of one."""
    if transform.GetName() != "CompositeTransform":
        return transform
    return sitk.CompositeTransform(transform).GetNthTransform(0)


def _matrix(transform: sitk.Transform) -> Affine:
    """Four points tell an affine; LPS to RAS."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(tuple(axis))) - origin for axis in np.eye(3).tolist()]
    lps = np.eye(4)
    lps[:3, :3] = np.stack(columns, axis=1)
    lps[:3, 3] = origin
    matrix: NDArray[np.float64] = LPS @ lps @ LPS
    return matrix


def _coarse(brain: Brain, edge: float) -> sitk.Image:
    """The image about its brain at ``edge`` mm, as ITK holds it: what is needed and no more."""
    affine = brain.volume.affine
    index = np.argwhere(brain.mask)
    low, high = index.min(axis=0), index.max(axis=0) + 1
    # Rounded: voxel sizes that differ in the last bit, as two axis orders of one file do, must give one grid.
    steps = np.round([edge / size for size in spacing(affine)], 4)
    margin = np.ceil(3 * steps)
    shape = tuple(int(n) for n in np.ceil((high - low + 2 * margin) / steps))
    local = np.diag([*steps, 1.0])
    local[:3, 3] = low - margin
    grid = Grid(affine @ local, shape)
    return _itk_image(resample_to(brain.volume, grid, 1).astype(np.float32), grid)


def _itk_image(array: NDArray[np.float32], grid: Grid) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    # A sheared grid has no direction matrix: the nearest rotation, for an alignment of a few millimetres' precision.
    u, _, v = np.linalg.svd(columns(grid))
    place(image, grid, u @ v)
    return image
