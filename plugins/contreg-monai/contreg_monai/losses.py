"""MONAI's losses over a registration."""

from typing import Literal

from monai.losses import (
    BendingEnergyLoss,
    GlobalMutualInformationLoss,
    LocalNormalizedCrossCorrelationLoss,
)
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration


class LocalCorrelation(Loss):
    """``1 - NCC^2`` in windows, as MONAI computes it: 0 for equal images, whatever their brightness.

    Knobs:
        kernel_size: edge of a window in voxels, odd.
        kernel_type: weights in a window.
        smooth: added to the product of the variances, against 0 / 0.
    """

    name = "monai-lncc"

    def __init__(
        self,
        *,
        kernel_size: int = 9,
        kernel_type: Literal["rectangular", "triangular", "gaussian"] = "rectangular",
        smooth: float = 1e-5,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {kernel_size} is not odd")
        self.options = {"kernel_size": kernel_size, "kernel_type": kernel_type, "smooth_dr": smooth}

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> mean over voxels and batch."""
        # MONAI's loss is made for one number of axes, which only the tensors tell.
        loss = LocalNormalizedCrossCorrelationLoss(spatial_dims=registration.pair.ndim, **self.options)
        return 1 + loss(registration.warped, registration.pair.fixed.to(registration.warped.dtype))


class MutualInformation(Loss):
    """Minus the mutual information of all intensities, by Gaussian Parzen windows: for images of two contrasts.

    Images in [0, 1] are expected (``preprocessing.intensity=robust``).

    Knobs:
        bins: of the histogram of each image.
        sigma_ratio: width of a window, in bins.
    """

    name = "monai-mutual-information"

    def __init__(self, *, bins: int = 23, sigma_ratio: float = 0.5) -> None:
        super().__init__()
        self.loss = GlobalMutualInformationLoss(num_bins=bins, sigma_ratio=sigma_ratio)

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> nats, at most about 0."""
        return self.loss(registration.warped, registration.pair.fixed.to(registration.warped.dtype))


class BendingEnergy(Loss):
    """Mean squared second derivatives of the displacement: affine maps are free (Rueckert et al. 1999)."""

    name = "monai-bending-energy"

    def __init__(self) -> None:
        super().__init__()
        self.loss = BendingEnergyLoss()

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> mean over voxels."""
        return self.loss(registration.displacement)
