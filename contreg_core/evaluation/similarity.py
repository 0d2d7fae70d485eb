"""How alike two images are: normalised cross-correlation, one number a pair."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError


def ncc(warped: NDArray[Any], fixed: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> float:
    """Pearson correlation of two images ``(*space)`` inside ``mask``, in [-1, 1]; 0 where either image is
    constant.

    NaN where the mask is empty.
    """
    _check(warped, fixed, mask)
    a, b = _centred(warped, mask), _centred(fixed, mask)
    if not a.size:
        return math.nan
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 0 else 0.0


def _centred(image: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    values = (image.reshape(-1) if mask is None else image[mask.astype(np.bool_, copy=False)]).astype(
        np.float64
    )
    if values.size and values.min() == values.max():  # the mean of equal numbers may be off by rounding
        return np.zeros_like(values)
    return values - (values.mean() if values.size else 0.0)


def _check(warped: NDArray[Any], fixed: NDArray[Any], mask: NDArray[np.bool_] | None) -> None:
    shapes = [array.shape for array in (warped, fixed, mask) if array is not None]
    if len(set(shapes)) > 1:
        raise DataError(
            f"images and mask of shapes {shapes}, expected one grid", "warp onto the fixed grid first"
        )
