"""Mean squared difference of the warped and the fixed image."""

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.losses.directions import compared, facts


class MSE(Loss):
    """``mean((warped - fixed)^2)``; with an image noise, ``1 / (2 image_sigma^2)`` times it.

    The scaled form is the data term of the ELBO divided by the number of voxels (Liu et al. 2020, eq. 7, with
    the image noise where the paper prints the posterior's variance: method.md).

    Knobs:
        image_sigma: standard deviation of the image noise in intensity units; 0 leaves the plain mean.
        bidirectional: also compare the fixed image carried back with the moving image; directions weigh alike.
        swapped: also compare the network's own registration of the swapped pair; directions weigh alike.
    """

    name = "mse"
    paper = "Liu et al. 2020, eq. 7"

    def __init__(
        self, *, image_sigma: float = 0.0, bidirectional: bool = False, swapped: bool = False
    ) -> None:
        super().__init__()
        self.scale = 1 / (2 * image_sigma**2) if image_sigma else 1.0
        self.bidirectional, self.swapped = bidirectional, swapped

    def needed(self) -> frozenset[str]:
        """The inverse map, or the swapped pair's registration, where they are compared."""
        return facts(bidirectional=self.bidirectional, swapped=self.swapped)

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> the mean over batch and voxels, at least 0."""
        directions = compared(registration, bidirectional=self.bidirectional, swapped=self.swapped)
        return torch.stack([self._difference(warped, fixed) for warped, fixed in directions]).mean()

    def _difference(self, warped: Tensor, fixed: Tensor) -> Tensor:
        return self.scale * (warped - fixed.to(warped.dtype)).square().mean()
