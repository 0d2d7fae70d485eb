"""Histogram standardisation by landmarks (Nyul, Udupa & Zhang, IEEE TMI 2000).

Every scan's percentiles are moved onto common landmarks by a piecewise linear map.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.preprocessing.intensity import inside

PERCENTILES = (1, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 99)
_KNOTS = [k for k, p in enumerate(PERCENTILES) if p not in (25, 75)]
"""The quartiles are learned but not used, as in the published routine."""
_EQUAL = 1e-5


def percentiles(array: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The 13 landmark percentiles inside ``mask``."""
    return np.percentile(inside(array, mask), PERCENTILES)


def average_landmarks(rows: Iterable[NDArray[np.float64]]) -> tuple[float, ...]:
    """13 landmarks from many scans' ``percentiles``: each mapped so that p1 -> 0, p99 -> 100; averaged."""
    table = np.array(list(rows), dtype=np.float64)
    if not len(table):
        raise DataError("no scan to learn histogram landmarks from", "check the splits of the cohort")
    widths = table[:, -1] - table[:, 0]
    if (widths < _EQUAL).any():
        raise DataError("a scan is constant inside its mask", "leave it out, or repair its mask")
    mapped = (table - table[:, :1]) * (100 / widths)[:, None]
    return tuple(float(value) for value in mapped.mean(axis=0))


def standardise(
    array: NDArray[np.generic], mask: NDArray[np.bool_], landmarks: Sequence[float]
) -> NDArray[np.float32]:
    """Piecewise linear through 11 knots, the end segments extrapolated; all voxels, background included.

    Neighbouring percentiles that are equal (< 1e-5 apart) give slope 0.
    """
    found = percentiles(array, mask)[_KNOTS]
    wanted = np.asarray(landmarks, np.float64)[_KNOTS]
    steps = np.diff(found)
    slopes = np.where(steps < _EQUAL, 0, np.diff(wanted) / np.maximum(steps, _EQUAL))
    values = array.astype(np.float64)
    segment = np.searchsorted(found[1:-1], values, side="right")
    mapped = wanted[segment] + slopes[segment] * (values - found[segment])
    return np.asarray(mapped, np.float32)
