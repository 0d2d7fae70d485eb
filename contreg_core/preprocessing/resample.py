"""To another voxel size from the same origin: smooth enough, then sample."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy import ndimage

from contreg_core.volume import Volume, resample, spacing

_FWHM = 2.355
"""Full width at half maximum of a Gaussian in standard deviations."""


def strides(volume: Volume, target: float) -> tuple[float, ...]:
    """Voxels of ``volume`` per voxel of ``target`` mm, along each axis; a thousandth off 1 counts as 1."""
    factors = [target / length for length in spacing(volume.affine)]
    return tuple(1.0 if abs(factor - 1) < 1e-3 else factor for factor in factors)


def image_to_spacing(volume: Volume, target: float, interpolation: Literal["linear", "bspline"]) -> Volume:
    """An image at ``target`` mm: "linear" after an anti-aliasing Gaussian, "bspline" (order 3) unsmoothed."""
    factors = strides(volume, target)
    if set(factors) == {1.0}:
        return volume
    if interpolation == "linear":
        smooth = ndimage.gaussian_filter(volume.array, [_sigma(s) for s in factors], mode="nearest")
        volume = replace(volume, array=smooth)
    return resample(volume, _size(volume, factors), factors, interpolation=interpolation)


def labels_to_spacing(volume: Volume, target: float) -> Volume:
    """A label map or mask at ``target`` mm: nearest neighbour, on the same grid as ``image_to_spacing``."""
    factors = strides(volume, target)
    if set(factors) == {1.0}:
        return volume
    return resample(volume, _size(volume, factors), factors, interpolation="nearest")


def _sigma(stride: float) -> float:
    """Gaussian before a stride, in voxels: sqrt(s^2 - 1) / 2.355 (Cardoso et al., MICCAI 2015)."""
    return math.sqrt(max(stride * stride - 1, 0)) / _FWHM


def _size(volume: Volume, factors: tuple[float, ...]) -> tuple[int, ...]:
    """Round half to even, as the published preprocessing: 181 -> 90 and 217 -> 108 at twice the spacing."""
    return tuple(max(1, int(np.rint(n / s))) for n, s in zip(volume.array.shape, factors, strict=True))
