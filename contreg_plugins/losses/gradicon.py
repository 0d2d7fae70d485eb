"""Inverse consistency up to a shift: the gradient of the error is penalised, not the error."""

from typing import ClassVar

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.losses.consistency import deviation, jittered


class GradICON(Loss):
    """``sum_d mean ((E(p + delta e_d) - E(p)) / delta)^2``, ``E(p) = p - phi(psi(p))`` (Tian et al. 2023).

    ``phi`` registers the pair and ``psi`` the pair with roles exchanged; means are over points and components. Zero
    where they are inverse maps, even up to a constant shift. It alone makes maps smooth: no other penalty is needed.
    The published weight is 1.5 beside the sum of both directions' similarities, 0.75 beside their mean.

    Knobs:
        stride: voxels between the points; each lies at random within its cell.
        delta: step of the differences in voxels.
    """

    name = "gradicon"
    paper = "Tian et al. 2023"
    needs: ClassVar[frozenset[str]] = frozenset({"swapped"})

    def __init__(self, *, stride: int = 2, delta: float = 0.1) -> None:
        super().__init__()
        if stride < 1 or delta <= 0:
            raise ValueError(f"stride {stride} and delta {delta}, expected 1 or more and above 0")
        self.stride, self.delta = stride, delta

    def forward(self, registration: Registration) -> Tensor:
        """A registration with its swapped one -> squared gradient, at least 0."""
        field = registration.displacement
        points = jittered(registration.pair.space, field, self.stride, margin=self.delta)
        here = deviation(registration, points)
        terms = []
        for axis in range(points.shape[1]):
            ahead = points.clone()
            ahead[:, axis] += self.delta
            slope = (deviation(registration, ahead) - here) / self.delta
            terms.append(slope.square().mean())
        return torch.stack(terms).sum()
