"""Overlap of structures after registration, as a loss."""

from typing import ClassVar

from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Loss
from contreg_core.types import Registration


class StructureDice(Loss):
    """``1 - mean_s (2 sum m_s f_s + e) / (sum m_s + sum f_s + e)`` of warped and fixed shares (Milletari 2016).

    The structures are those drawn for the step where images are rendered from label maps.
    """

    name = "structure-dice"
    paper = "Milletari et al. 2016; Hoffmann et al. 2022"
    needs: ClassVar[frozenset[str]] = frozenset({"shares"})

    def forward(self, registration: Registration) -> Tensor:
        """A registration of a rendered pair -> a value in [0, 1]."""
        compared = registration.pair.compared
        assert compared is not None, "the recipe checks 'shares' before the first step"
        moved = spatial.warp(compared.moving_shares, registration.displacement, padding="zeros")
        axes = tuple(range(2, moved.ndim))
        fixed = compared.fixed_shares
        common, both = (moved * fixed).sum(axes), (moved + fixed).sum(axes)
        mean: Tensor = ((2 * common + 1) / (both + 1)).mean()
        return 1 - mean
