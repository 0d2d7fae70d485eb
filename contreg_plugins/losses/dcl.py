"""The contrastive loss as Liu et al. 2020 print it: the positive is left out of the denominator."""

from typing import ClassVar

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.losses.contrast import checked, unit_embeddings


class DCL(Loss):
    """``mean_k [-x_k.y_k/t + log sum_m exp(x_k.h_m/t)]`` of moving ``x_k`` and fixed ``y_k``.

    ``m`` runs over both images of the other pairs. Liu et al. 2020, eq. 8, which is the decoupled
    contrastive loss of Yeh et al. 2021; it may be negative. A batch of one has no negatives: value and
    gradient are 0.

    Knobs:
        temperature: divides the cosines.
        keep_anchor: leave the anchor itself among the negatives, as eq. 8 reads to the letter.
    """

    name = "dcl"
    paper = "Liu et al. 2020, eq. 8; Yeh et al. 2021"
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})

    def __init__(self, *, temperature: float = 0.5, keep_anchor: bool = False) -> None:
        super().__init__()
        self.temperature = checked(temperature)
        self.keep_anchor = keep_anchor

    def forward(self, registration: Registration) -> Tensor:
        """A registration with embeddings -> scalar."""
        moving, fixed = unit_embeddings(registration)
        if len(moving) == 1 and not self.keep_anchor:
            return (moving * fixed).sum() * 0
        positives = (moving * fixed).sum(1) / self.temperature
        logits = moving @ torch.cat([moving, fixed]).T / self.temperature
        return (logits.masked_fill(self._left_out(moving), -torch.inf).logsumexp(1) - positives).mean()

    def _left_out(self, moving: Tensor) -> Tensor:
        """``(B, 2B)``, true at the positive and (unless kept) at the anchor."""
        positive = torch.eye(len(moving), dtype=torch.bool, device=moving.device)
        anchor = torch.zeros_like(positive) if self.keep_anchor else positive
        return torch.cat([anchor, positive], dim=1)
