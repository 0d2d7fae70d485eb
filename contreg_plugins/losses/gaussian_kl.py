"""Divergence of a diagonal Gaussian field from the unit Gaussian prior."""

from typing import ClassVar, Literal

from torch import Tensor

from contreg_core import ranks
from contreg_core.components import Loss
from contreg_core.types import Registration


class GaussianKL(Loss):
    """``1/2 sum (exp(l) + m^2 - 1 - l)`` of mean ``m`` and log-variance ``l`` (Liu et al. 2020, eq. 6).

    Zero at ``m = l = 0`` and never negative (for ``mu_norm="squared"``). The prior is N(0, 1), a prior on
    size, not on smoothness: nothing couples neighbours. The published weight only means something per
    voxel, hence the scales.

    Knobs:
        scale: "voxel" divides the sum over components by the number of voxels of the field; "component" is
            the mean over components; "reference" divides that mean by the batch size once more, as the
            released code does.
        mu_norm: "squared" is the closed form; "l2" is the unsquared norm of the whole mean field, as printed.
    """

    name = "gaussian-kl"
    paper = "Liu et al. 2020, eq. 6"
    needs: ClassVar[frozenset[str]] = frozenset({"log_variance"})

    def __init__(
        self,
        *,
        scale: Literal["voxel", "component", "reference"] = "voxel",
        mu_norm: Literal["squared", "l2"] = "squared",
    ) -> None:
        super().__init__()
        self.scale = scale
        self.mu_norm = mu_norm

    def forward(self, registration: Registration) -> Tensor:
        """A registration with a log-variance -> scalar."""
        field = registration.field
        assert field.log_variance is not None, "the recipe checks 'log_variance' before the first step"
        log_variance = field.log_variance
        per_pair = (log_variance.expm1() - log_variance).flatten(1).sum(1) + self._size(field.mean)
        return per_pair.mean() / 2 / self._divisor(field.mean)

    def _size(self, mean: Tensor) -> Tensor:
        """The mean's own term of every pair, ``(B,)``."""
        components = mean.flatten(1)
        return components.norm(dim=1) if self.mu_norm == "l2" else components.square().sum(1)

    def _divisor(self, mean: Tensor) -> int:
        batch, components = ranks.items(len(mean)), mean.shape[1]
        voxels = mean[0, 0].numel()
        return voxels * {"voxel": 1, "component": components, "reference": components * batch}[self.scale]
