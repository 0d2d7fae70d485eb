"""Rigid and affine alignment of two brains by SimpleITK, before anything is deformed."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.inference.images import Brain, resample_to
from contreg_core.inference.prediction import Alignment
from contreg_core.transform.world import Affine, Grid
from contreg_core.volume import spacing

FINE_MM, ROUGH_MM = 2.0, 4.0
HEADERS = np.eye(3)
"""No turn but that of the headers."""
_BINS = 32
_SAMPLES = 30_000
"""Voxels drawn at each resolution: more halve the speed and move no label (1 mm brains, Dice within 0.005)."""
_SEED = 1
_SHRINK = (4, 2, 1)


def align(
    moving: Brain,
    fixed: Brain,
    kind: Alignment = "affine",
    *,
    edge: float = FINE_MM,
    turn: NDArray[np.float64] = HEADERS,
) -> Affine:
    """The world map ``G`` (4x4, RAS mm, fixed points to moving points) that brings the moving brain onto the fixed.

    Mass centres and ``turn`` first (3x3, directions of the fixed world to the moving world's), then rigid, then
    (``"affine"``) twelve parameters; mutual information (Mattes et al. 2003) of the images at ``edge`` mm of an adult
    brain (see ``size``) on three resolutions. Images of any contrast, orientation and spacing. ``"none"`` gives the
    identity. Raises ``DataError`` where ITK finds no alignment.
    """
    if kind == "none":
        return np.eye(4)
    unit = fixed.scale
    frames = _frame(fixed, unit), _frame(moving, unit)
    # No finer than the finer image itself, which would hold nothing more.
    edge = max(edge, min(float(_sizes(brain, unit).min()) for brain in (fixed, moving)))
    images = [_coarse(brain, edge, unit) for brain in (fixed, moving)]
    start = sitk.Euler3DTransform()
    start.SetMatrix(_turn(*frames, turn).ravel().tolist(), 1e-6)
    try:
        with _one_thread():
            rigid = sitk.CenteredTransformInitializer(
                *images, start, sitk.CenteredTransformInitializerFilter.MOMENTS
            )
            # The affine stage makes up for what a rigid one could still find on the images themselves.
            levels = 2 if kind == "affine" else 3
            found = _optimise(images[0], images[1], sitk.Euler3DTransform(rigid), 100, levels)
            if kind == "affine":
                found = _optimise(images[0], images[1], _as_affine(found), 150, 3)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            f"the brains could not be aligned ({reason})", "check both images, or use --affine none"
        ) from error
    found_between: Affine = frames[1] @ _matrix(found) @ np.linalg.inv(frames[0])
    return found_between


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
    fixed: sitk.Image, moving: sitk.Image, start: sitk.Transform, iterations: int, levels: int
) -> sitk.Transform:
    voxels = math.prod(fixed.GetSize())
    shrink = _SHRINK[:levels]
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentagePerLevel([min(1.0, _SAMPLES * n**3 / voxels) for n in shrink], _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, iterations, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(shrink)
    method.SetSmoothingSigmasPerLevel([n if n > 1 else 0.0 for n in shrink])
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
    """Four points tell an affine."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(tuple(axis))) - origin for axis in np.eye(3).tolist()]
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(columns, axis=1)
    matrix[:3, 3] = origin
    return matrix


def _frame(brain: Brain, unit: float) -> Affine:
    """Units of ``unit`` mm along the image's own axes -> RAS mm.

    The search runs in these, not in the world: where a head is stored in another axis order its affine differs in the
    last bit, which a search for mutual information makes thousandths of a millimetre of.
    """
    frame: Affine = brain.volume.affine @ np.diag([*1 / _sizes(brain, unit), 1.0])
    return frame


def _sizes(brain: Brain, unit: float) -> NDArray[np.float64]:
    return np.round(np.array(spacing(brain.volume.affine)) / unit, 4)


def _turn(fixed: Affine, moving: Affine, world: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation from own axes to own axes that the two headers and one between them imply, freed of last bits."""
    u, _, v = np.linalg.svd(np.round(np.linalg.inv(moving[:3, :3]) @ world @ fixed[:3, :3], 3))
    turn: NDArray[np.float64] = u @ v
    return turn


def _coarse(brain: Brain, edge: float, unit: float) -> sitk.Image:
    """The image about its brain at ``edge`` units of ``unit`` mm in its own axes, as ITK holds it, and no more."""
    index = np.argwhere(brain.mask)
    low, high = index.min(axis=0), index.max(axis=0) + 1
    steps = np.round(edge / _sizes(brain, unit), 4)
    margin = np.ceil(3 * steps)
    shape = tuple(int(n) for n in np.ceil((high - low + 2 * margin) / steps))
    local = np.diag([*steps, 1.0])
    local[:3, 3] = low - margin
    array = resample_to(replace(brain.volume, affine=np.eye(4)), Grid(local, shape), 1)
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T, dtype=np.float32))
    image.SetSpacing((steps * _sizes(brain, unit)).tolist())
    image.SetOrigin(((low - margin) * _sizes(brain, unit)).tolist())
    return image
