"""How regular a displacement is: folded voxels and the spread of the log-determinant, both from ``det(I +
du/dp)``.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError

BORDER = 2  # voxels that SDlogJ leaves out at every side of the grid


@dataclass(frozen=True)
class Regularity:
    """Percent of voxels with ``det <= 0`` over the grid and inside the mask (NaN without one), and SDlogJ."""

    percent: float
    percent_mask: float
    sdlogj: float


def regularity(displacement: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> Regularity:
    """Regularity of a displacement ``(ndim, *space)`` in voxels; ``mask`` is ``(*space)``, true inside the
    brain.
    """
    determinant = jacobian_determinant(displacement)
    folded = determinant <= 0
    inside = math.nan if mask is None else _percent(folded[_checked(mask, determinant.shape)])
    return Regularity(_percent(folded), inside, sdlogj(determinant))


def jacobian_determinant(displacement: NDArray[Any]) -> NDArray[np.float32]:
    """``det(I + du/dp)`` ``(*space)`` of ``(ndim, *space)``: central differences inside, one-sided at the
    border.

    The same numbers as ``contreg_core.spatial.jacobian_determinant`` for one field, in one pass without
    temporaries.
    """
    from contreg_core.evaluation import kernels

    field = kernels.three_axes(displacement)
    determinant = np.empty(field.shape[1:], np.float32)
    kernels.determinant(field, determinant)
    return determinant.reshape(displacement.shape[1:])


def sdlogj(determinant: NDArray[np.float32]) -> float:
    """Learn2Reg's SDlogJ: standard deviation of ``log(clip(det + 3, 1e-9, 1e9))``, a border of 2 voxels
    left out.

    NaN on a grid that is all border.
    """
    inner = determinant[(slice(BORDER, -BORDER),) * determinant.ndim]
    if not inner.size:
        return math.nan
    return float(np.log(np.clip(inner + np.float32(3), 1e-9, 1e9)).std(dtype=np.float64))


def _percent(folded: NDArray[np.bool_]) -> float:
    return 100.0 * float(np.count_nonzero(folded)) / folded.size if folded.size else math.nan


def _checked(mask: NDArray[np.bool_], space: tuple[int, ...]) -> NDArray[np.bool_]:
    if mask.shape != space:
        raise DataError(
            f"mask {mask.shape} on a displacement of {space}, expected one grid", "use the fixed mask"
        )
    return mask.astype(np.bool_, copy=False)
