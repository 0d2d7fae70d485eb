"""Mean squared difference of the warped and the fixed image."""

from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration


class MSE(Loss):
    """``mean((warped - fixed)^2)``; with an image noise, ``1 / (2 image_sigma^2)`` times it.

    The scaled form is the data term of the ELBO divided by the number of voxels (Liu et al. 2020, eq. 7, with
    the image noise where the paper prints the posterior's variance: methods.md A.1).

    Knobs:
        image_sigma: standard deviation of the image noise in intensity units; 0 leaves the plain mean.
        bidirectional: also compare the fixed image carried back with the moving image, half weight each.
    """

    name = "mse"

    def __init__(self, *, image_sigma: float = 0.0, bidirectional: bool = False) -> None:
        super().__init__()
        self.scale = 1 / (2 * image_sigma**2) if image_sigma else 1.0
        self.bidirectional = bidirectional

    def needed(self) -> frozenset[str]:
        """The inverse map where both directions are compared."""
        return frozenset({"inverse"}) if self.bidirectional else frozenset()

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> the mean over batch and voxels, at least 0."""
        pair = registration.pair
        value = self._difference(registration.warped, pair.fixed)
        if not self.bidirectional or registration.warped_back is None:
            return value
        return (value + self._difference(registration.warped_back, pair.moving)) / 2

    def _difference(self, warped: Tensor, fixed: Tensor) -> Tensor:
        return self.scale * (warped - fixed.to(warped.dtype)).square().mean()
