"""Intensities on one scale: robust range and z-score, both measured inside the mask."""

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError

ROBUST_PERCENTILES = (0.5, 99.5)


def robust(array: NDArray[np.generic], mask: NDArray[np.bool_], floor: float = 0.0) -> NDArray[np.float32]:
    """Percentiles 0.5 and 99.5 inside ``mask`` go to ``floor`` and 1, the rest is clipped; background 0."""
    low, high = np.percentile(contrasted(array, mask), ROBUST_PERCENTILES)
    if high == low:
        raise DataError(
            "nearly all of the image is one value inside its mask", "check the image and its mask"
        )
    risen = floor + (1 - floor) * window(array, float(low), float(high))
    return on_background(risen.astype(np.float32), mask)


def zscore(array: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean 0 and standard deviation 1 inside ``mask``; background 0."""
    values = contrasted(array, mask)
    return on_background((array.astype(np.float32) - float(values.mean())) / float(values.std()), mask)


def window(array: NDArray[np.generic], low: float, high: float) -> NDArray[np.float32]:
    """Clip to ``[low, high]`` and map to [0, 1]."""
    mapped: NDArray[np.float32] = (np.clip(array.astype(np.float32), low, high) - low) / (high - low)
    return mapped


def inside(array: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The intensities inside ``mask``; ``DataError`` where there are none."""
    if not mask.any():
        raise DataError(
            "the mask is empty", "check that the image is brain-extracted and any crop holds brain"
        )
    return array[mask].astype(np.float64)


def contrasted(array: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """``inside``, refused where it is one value."""
    values = inside(array, mask)
    if values.min() == values.max():
        raise DataError("the image is constant inside its mask", "check the image and its mask")
    return values


def on_background(array: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """``array`` with 0 outside ``mask``."""
    return np.where(mask, array, np.float32(0))
