"""A penalty on places where the map folds."""

from typing import Literal

import torch
from torch import Tensor

from contreg_core import ranks
from contreg_core.components import Loss
from contreg_core.types import Registration


class FoldPenalty(Loss):
    """``sum max(0, -det J)`` of ``p + u(p)`` over voxels and batch (Kuang & Schmah 2018).

    Zero for a map that folds nowhere. ``J = I + du/dp`` with forward differences, on the (N - 1)^ndim voxels that have
    a neighbour along every axis. The released code misreads one entry of its determinant; here it is correct. The
    published sum grows with grid and batch, and so must its weight shrink; the mean does not.

    Knobs:
        reduction: over voxels and batch, "sum" as published, or "mean".
    """

    name = "fold-penalty"
    paper = "Kuang & Schmah 2018"

    def __init__(self, *, reduction: Literal["sum", "mean"] = "sum") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> how far determinants lie below 0, at least 0."""
        folds = torch.relu(-forward_determinant(registration.displacement))
        if self.reduction == "mean":
            return folds.mean()
        return folds.flatten(1).sum(1).mean() * ranks.items(len(folds))


def forward_determinant(displacement: Tensor) -> Tensor:
    """``det(I + du/dp)`` with forward differences: ``(B, ndim, *space)`` -> ``(B, *(space - 1))``."""
    columns = [_column(displacement, axis) for axis in range(displacement.ndim - 2)]
    if len(columns) == 2:
        one, other = columns
        return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    normal: Tensor = torch.linalg.cross(columns[1], columns[2], dim=1)
    return (columns[0] * normal).sum(1)


def _column(displacement: Tensor, axis: int) -> Tensor:
    """The map's derivative along an axis, ``(B, ndim, *(space - 1))``: a column of ``J``."""
    steps = displacement.diff(dim=axis + 2)
    for other, size in enumerate(displacement.shape[2:]):
        steps = steps.narrow(other + 2, 0, size - 1)
    unit = steps.new_zeros(steps.shape[1])
    unit[axis] = 1
    return steps + unit.view(1, -1, *([1] * (steps.ndim - 2)))
