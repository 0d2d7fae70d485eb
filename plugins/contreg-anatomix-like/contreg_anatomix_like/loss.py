"""The loss in feature space."""

from pathlib import Path

from torch import Tensor

from contreg_anatomix_like.network import default_file, load_features
from contreg_core.components import Loss
from contreg_core.types import Registration


class FeatureDifference(Loss):
    """``mean |f(warped) - f(fixed)|^2 / 2`` of frozen features ``f``: about 1 - cosine; 0 for equal images.

    The features are trained by ``contreg-anatomix-like`` on synthetic volumes, about a minute; see its README.

    Knobs:
        weights: file of the features; empty for the one in the user's cache folder.
    """

    name = "anatomix-like"

    def __init__(self, *, weights: str = "") -> None:
        super().__init__()
        self.features = load_features(Path(weights) if weights else default_file())

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> mean over voxels."""
        fixed = registration.pair.fixed.to(registration.warped.dtype)
        difference = self.features(registration.warped) - self.features(fixed)
        return difference.square().sum(1).mean() / 2
