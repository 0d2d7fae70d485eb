"""Inverse consistency of the network's answers in both directions."""

from typing import ClassVar

from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.losses.consistency import deviation, jittered


class ICON(Loss):
    """``mean E^2`` over points and components, in voxels: ``E(p) = p - phi(psi(p))`` (Greer et al. 2021).

    ``phi`` registers the pair and ``psi`` the pair with roles exchanged. Zero where they are inverse maps. The
    publication measures coordinates in [0, 1]: its weights are ``(N - 1)^2`` times larger for an axis of N voxels.

    Knobs:
        stride: voxels between the points; each lies at random within its cell.
    """

    name = "icon"
    paper = "Greer et al. 2021"
    needs: ClassVar[frozenset[str]] = frozenset({"swapped"})

    def __init__(self, *, stride: int = 2) -> None:
        super().__init__()
        if stride < 1:
            raise ValueError(f"stride {stride}, expected 1 or more")
        self.stride = stride

    def forward(self, registration: Registration) -> Tensor:
        """A registration with its swapped one -> mean squared voxels, at least 0."""
        points = jittered(registration.pair.space, registration.displacement, self.stride)
        return deviation(registration, points).square().mean()
