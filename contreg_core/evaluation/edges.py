"""Do the edges of two images agree? The correlation of their gradients, which knows nothing of bias fields and little
of how a similarity was optimised (after the normalised gradient fields of Haber & Modersitzki, MICCAI 2006).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_LEAST_CELLS = 50


def edge_agreement(
    warped: NDArray[Any], fixed: NDArray[Any], inside: NDArray[np.bool_], spacing: Sequence[float]
) -> float:
    """``sum a.b / sqrt(sum |a|^2 sum |b|^2)`` of the gradients of two images ``(*space)``, in [-1, 1].

    Over the inside without its border, so that the outline of a brain, which any two brains share, counts for nothing.
    0 where an image is constant there, NaN where hardly anything is inside.
    """
    core = ndimage.binary_erosion(inside)
    if np.count_nonzero(core) < _LEAST_CELLS:
        return math.nan
    first, second = (_gradient(image, spacing)[:, core] for image in (warped, fixed))
    scale = math.sqrt(float((first * first).sum()) * float((second * second).sum()))
    return float((first * second).sum()) / scale if scale > 0 else 0.0


def _gradient(image: NDArray[Any], spacing: Sequence[float]) -> NDArray[np.float64]:
    slopes: list[NDArray[np.float64]] = list(np.gradient(image.astype(np.float64), *spacing))
    return np.stack(slopes)
