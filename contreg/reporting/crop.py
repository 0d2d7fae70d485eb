"""Less of an example: only the brain, and no more voxels than a page should carry."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg.reporting.example import Array, Example

MARGIN = 4
MOST_VOXELS = 1_000_000


@dataclass(frozen=True)
class Shown:
    """The example in three axes, cropped; ``step`` is how many of its voxels one shown voxel stands for, per axis."""

    example: Example
    step: int


def shown(example: Example, most: int = MOST_VOXELS) -> Shown:
    """Crop to the brain with a margin, then thin by the smallest step that leaves at most ``most`` voxels.

    2-D arrays get a third axis of one voxel, so that the viewer has one code path.
    """
    cropped = _crop(_three_axes(example))
    step = 1
    while np.prod([-(-size // step) for size in cropped.fixed.shape]) > most:
        step += 1
    return Shown(_thin(cropped, step) if step > 1 else cropped, step)


def _three_axes(example: Example) -> Example:
    if example.fixed.ndim == 3:
        return example
    flat = example.displacement
    still = np.zeros((1, *flat.shape[1:]), flat.dtype)
    grown = _each(example, lambda array: array[..., None])
    return replace(grown, displacement=np.concatenate((flat, still))[..., None])


def _crop(example: Example) -> Example:
    box = tuple(slice(*_extent(example.mask, axis)) for axis in range(3))
    start = np.array([part.start for part in box], np.float64)
    affine = example.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    cropped = _each(example, lambda array: array[box])
    return replace(cropped, displacement=example.displacement[(slice(None), *box)], affine=affine)


def _extent(mask: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    used = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
    if not used.size:
        return 0, mask.shape[axis]
    return max(0, int(used[0]) - MARGIN), min(mask.shape[axis], int(used[-1]) + 1 + MARGIN)


def _thin(example: Example, step: int) -> Example:
    """Every ``step``-th voxel, images smoothed first so that nothing fine turns into pattern."""
    from scipy.ndimage import gaussian_filter

    stride = (slice(None, None, step),) * 3
    affine = example.affine.copy()
    affine[:3, :3] *= step
    thinned = _each(example, lambda array: array[stride])
    images = {
        name: gaussian_filter(getattr(example, name), step / 2.355)[stride]
        for name in ("moving", "fixed", "warped")
    }
    displacement = example.displacement[(slice(None), *stride)] / step
    return replace(thinned, **images, displacement=displacement, affine=affine)


_ARRAYS = (
    "moving", "fixed", "warped", "mask", "determinant", "deviation", "moving_labels", "fixed_labels", "carried",
)  # fmt: skip


def _each(example: Example, change: Callable[[Array], Array]) -> Example:
    arrays = {name: getattr(example, name) for name in _ARRAYS}
    changed: dict[str, Any] = {
        name: None if array is None else change(array) for name, array in arrays.items()
    }
    return replace(example, **changed)
