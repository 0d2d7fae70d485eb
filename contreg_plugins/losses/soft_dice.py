"""Overlap of predicted shares and truth, as a loss."""

from typing import Literal

import torch
from torch import Tensor

from contreg_core import ranks
from contreg_core.components import SegmentationLoss
from contreg_core.types import Segmented


class SoftDice(SegmentationLoss):
    """``1 - mean_c (2 sum p_c t_c + s) / (sum p_c + sum t_c + s)`` over the classes but background (Milletari 2016).

    ``p`` is the softmax, ``t`` the truth as 0 or 1. 0 for a perfect prediction, next to 1 for a disjoint one.

    Knobs:
        smooth: s; a class absent from prediction and truth counts as found.
        over: what one sum runs over, the voxels of the whole "batch" or of one "image".
    """

    name = "soft-dice"
    paper = "Milletari et al. 2016"

    def __init__(self, *, smooth: float = 1e-5, over: Literal["batch", "image"] = "batch") -> None:
        super().__init__()
        if smooth <= 0:
            raise ValueError(f"smooth is {smooth}, expected more than 0")
        self.smooth = smooth
        self.over = over

    def forward(self, segmented: Segmented) -> Tensor:
        """Logits beside the truth -> a value in [0, 1]."""
        shares = torch.softmax(segmented.logits, dim=1)
        truth = torch.zeros_like(shares).scatter_(1, segmented.classes, 1.0)
        axes = tuple(range(2, shares.ndim)) if self.over == "image" else (0, *range(2, shares.ndim))
        sums = torch.stack(((shares * truth).sum(axes), shares.sum(axes) + truth.sum(axes)))
        common, both = sums if self.over == "image" else ranks.total(sums)
        dice = (2 * common + self.smooth) / (both + self.smooth)
        mean: Tensor = dice[..., 1:].mean()
        return 1 - mean
