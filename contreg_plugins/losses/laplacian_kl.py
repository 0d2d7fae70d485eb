"""KL divergence of a Gaussian field from a smooth prior."""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.constants import kept
from contreg_core.types import Registration


class LaplacianKL(Loss):
    """KL of ``N(mean, exp(log_variance))`` from a prior with precision ``lambda (D - A)`` (Dalca et al. 2018).

    ``D`` and ``A`` are the degree and adjacency of the grid graph. Up to a constant, per voxel of the field:
    ``1/2 [ sum lambda D exp(l) - l + lambda sum_edges (mu_p - mu_q)^2 ]``. A constant mean costs nothing; the minimiser
    of the variance is ``l = -log(lambda D)``. With weight ``2 reg / (9 lambda)`` the quadratic part is ``reg`` times
    the penalty ``gradient-l2`` of the mean (3-D).

    Knobs:
        precision: lambda.
        scale: "exact", or "voxelmorph" (its edge term is averaged over axes and halved, about 6 times smaller in 3-D,
            and everything is a mean over voxels times ndim / 2).
    """

    name = "laplacian-kl"
    paper = "Dalca et al. 2018"
    needs: ClassVar[frozenset[str]] = frozenset({"log_variance"})

    def __init__(self, *, precision: float = 10.0, scale: Literal["exact", "voxelmorph"] = "exact") -> None:
        super().__init__()
        self.precision = precision
        self.scale = scale

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> divergence per voxel of the field."""
        mean, log_variance = registration.field.mean, registration.field.log_variance
        assert log_variance is not None
        ndim = mean.shape[1]
        spread = self.precision * degree(mean) * log_variance.exp() - log_variance
        if self.scale == "voxelmorph":
            edges = torch.stack([_steps(mean, axis).mean() for axis in range(2, mean.ndim)]).mean() / 2
            return ndim / 2 * (spread.mean() + self.precision * edges)
        voxels = mean[:, :1].numel()
        edges = torch.stack([_steps(mean, axis).sum() for axis in range(2, mean.ndim)]).sum()
        return (spread.sum() + self.precision * edges) / (2 * voxels)


def degree(field: Tensor) -> Tensor:
    """Number of grid neighbours of every voxel, ``(1, 1, *space)``: 2 ndim inside, fewer at the border."""
    return _degree(tuple(field.shape[2:]), field.dtype, field.device)


@kept(16)
def _degree(space: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    count = torch.zeros((1, 1, *space), dtype=dtype, device=device)
    for axis, size in enumerate(space, start=2):
        line = torch.full((size,), 2.0, dtype=dtype, device=device)
        line[0] -= 1
        line[-1] -= 1
        shape = [1] * count.ndim
        shape[axis] = size
        count = count + line.view(shape)
    return count


def _steps(mean: Tensor, axis: int) -> Tensor:
    return mean.diff(dim=axis).square()
