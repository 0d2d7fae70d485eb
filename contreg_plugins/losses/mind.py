"""Difference of self-similarity descriptors."""

from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.layers.mind import mind_ssc


class MIND(Loss):
    """``mean (mind_ssc(warped) - mind_ssc(fixed))^2``: alike in structure, whatever the contrast (Heinrich 2013).

    Law: 0 for ``fixed = a warped + b``, also for a negative ``a``. Twelve channels (four in 2-D) are computed of the
    warped image in every step: some ten times the work of ``mse``.

    Knobs:
        radius: of the patches that are compared, in voxels.
        dilation: how far off those patches lie, in voxels.
    """

    name = "mind"
    paper = "Heinrich et al. 2013"

    def __init__(self, *, radius: int = 1, dilation: int = 2) -> None:
        super().__init__()
        if radius < 0 or dilation < 1:
            raise ValueError("radius must be at least 0 and dilation at least 1")
        self.radius = radius
        self.dilation = dilation

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> the mean over batch, channels and voxels, in [0, 1]."""
        warped = registration.warped
        fixed = registration.pair.fixed.to(warped.dtype)
        return (self._describe(warped) - self._describe(fixed)).square().mean()

    def _describe(self, image: Tensor) -> Tensor:
        return mind_ssc(image, radius=self.radius, dilation=self.dilation)
