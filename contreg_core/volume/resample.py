"""Reading a volume at evenly spaced positions of its own axes; array and affine together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.volume.volume import Volume

Interpolation: TypeAlias = Literal["nearest", "linear", "bspline"]


def resample(
    volume: Volume, size: Sequence[int], stride: Sequence[float], *, interpolation: Interpolation
) -> Volume:
    """Voxel ``i`` of the result is position ``stride * i``: same origin, affine ``A diag(stride)``.

    Positions beyond the last voxel repeat it. "bspline" is order 3. Nothing is smoothed here; anti-aliasing is
    ``preprocessing.resample``'s.
    """
    if interpolation == "bspline":
        array = _bspline(volume.array, size, stride)
    else:
        order = 0 if interpolation == "nearest" else 1
        array = ndimage.affine_transform(
            volume.array, np.asarray(stride, float), output_shape=tuple(size), order=order, mode="nearest"
        )
    return replace(volume, array=array, affine=volume.affine @ np.diag([*stride, 1.0]))


def _bspline(array: NDArray[np.generic], size: Sequence[int], stride: Sequence[float]) -> NDArray[np.generic]:
    """Order-3 B-spline by SimpleITK, the interpolator of the published LPBA40 preprocessing."""
    import SimpleITK  # here, because few recipes want it and it is slow to import

    sampler = SimpleITK.ResampleImageFilter()
    sampler.SetSize([int(n) for n in size])
    sampler.SetOutputSpacing([float(s) for s in stride])
    sampler.SetInterpolator(SimpleITK.sitkBSpline)
    sampler.SetUseNearestNeighborExtrapolator(True)
    # SimpleITK counts axes in reverse: the transpose makes its x our axis 0.
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.T))
    return np.ascontiguousarray(SimpleITK.GetArrayFromImage(sampler.Execute(image)).T)
