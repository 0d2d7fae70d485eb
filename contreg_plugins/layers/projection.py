"""Projections of deep features to the vectors that contrastive losses compare."""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_plugins.layers.dimension import convolution

ProjectionKind: TypeAlias = Literal["linear", "two-linear", "mlp", "none"]


class Projection(nn.Module):
    """Spatial mean of both images' features ``(B, C, *space)`` -> vectors ``(B, D)``.

    "linear" and "mlp" are shared by moving and fixed; "two-linear" has a layer for each. Of length 1 if
    ``unit``.
    """

    def __init__(self, kind: ProjectionKind, channels: int, dim: int, *, unit: bool = True) -> None:
        super().__init__()
        self.unit = unit
        self.layer = _mlp(channels, dim) if kind == "mlp" else nn.Linear(channels, dim)
        self.layer_of_fixed = nn.Linear(channels, dim) if kind == "two-linear" else None

    def forward(self, moving: Tensor, fixed: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the moving and the fixed image -> their vectors, outside autocast."""
        with torch.autocast(moving.device.type, enabled=False):
            return self._vector(self.layer, moving), self._vector(self.layer_of_fixed or self.layer, fixed)

    def _vector(self, layer: nn.Module, features: Tensor) -> Tensor:
        vector: Tensor = layer(_wide(features).flatten(2).mean(-1))
        return F.normalize(vector, dim=1, eps=1e-8) if self.unit else vector


class DenseProjection(nn.Module):
    """One shared 1-voxel network: features ``(B, C, *coarse)`` -> unit vectors ``(B, D, *coarse)``."""

    def __init__(self, ndim: int, channels: int, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(ndim, channels, channels, kernel=1),
            nn.ReLU(),
            convolution(ndim, channels, dim, kernel=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features of one image -> a map of unit vectors, outside autocast."""
        with torch.autocast(features.device.type, enabled=False):
            return F.normalize(self.layers(_wide(features)), dim=1, eps=1e-8)


def _mlp(channels: int, dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, dim))


def _wide(features: Tensor) -> Tensor:
    return features if features.dtype == torch.float64 else features.float()
