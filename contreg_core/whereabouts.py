"""Where brains lie in their own world: arrays of scans that lie apart must not be paired voxel by voxel."""

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError

_APART_MM = 25.0
"""Between the middles of two brains: heads that share a space, by whatever alignment, are within some 10 mm."""


def middle(mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """RAS mm ``(ndim,)`` of a brain's centre of mass; ``affine`` is that of its grid."""
    ndim = mask.ndim
    counts = [mask.sum(axis=tuple(other for other in range(ndim) if other != axis)) for axis in range(ndim)]
    total = max(1, int(mask.sum()))
    voxel = np.array([np.arange(len(count)) @ count / total for count in counts])
    return np.asarray(affine[:ndim, :ndim] @ voxel + affine[:ndim, 3], np.float64)


def apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """mm between two middles where that is too far for one space, else 0."""
    distance = float(np.linalg.norm(first - second))
    return distance if distance > _APART_MM else 0.0


def require_one_space(
    names: tuple[str, str], middles: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> None:
    """Raise ``DataError`` where two scans that are to be compared voxel by voxel lie apart in their own mm."""
    if distance := apart(*middles):
        raise DataError(
            f"scans '{names[0]}' and '{names[1]}' lie {distance:.0f} mm apart by their headers, expected one space: "
            "voxel would be compared with voxel",
            "align the cohort's images first, or correct their headers, and prepare it again",
            code="GEO-28",
        )
