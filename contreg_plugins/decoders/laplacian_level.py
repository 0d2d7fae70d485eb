"""One level of the Laplacian pyramid: what is known so far, and two images, to a better velocity."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.constants import along_axes
from contreg_plugins.layers.dimension import convolution
from contreg_plugins.layers.residual import PreActivation

_SLOPE = 0.2


@dataclass(frozen=True)
class Known:
    """What a level knows: velocity ``(B, ndim, *space)`` in voxels of its grid, features ``(B, width, *space)``."""

    velocity: Tensor
    features: Tensor


class Level(nn.Module):
    """The network of one level (Mok & Chung 2020, section 2.2; no norms, no bias).

    The moving image is warped by the map known so far. Two convolutions, one of stride 2, the coarser level's features
    added, residual blocks, a transposed convolution, concatenation with the first features, and a head whose softsign
    keeps the residual velocity below ``reach`` half axes.
    """

    def __init__(
        self, ndim: int, channels: int, width: int, *, blocks: int, reach: float, squarings: int
    ) -> None:
        super().__init__()
        self.reach, self.squarings = reach, squarings
        transposed = nn.ConvTranspose3d if ndim == 3 else nn.ConvTranspose2d
        self.first = nn.Sequential(
            convolution(ndim, channels, width, bias=False),
            nn.LeakyReLU(_SLOPE),
            convolution(ndim, width, width, bias=False),
        )
        self.down = convolution(ndim, width, width, stride=2, bias=False)
        self.blocks = nn.Sequential(
            *(
                layer
                for _ in range(blocks)
                for layer in (PreActivation(ndim, width, slope=_SLOPE), nn.LeakyReLU(_SLOPE))
            )
        )
        self.up = transposed(width, width, 2, stride=2, bias=False)
        self.joint = convolution(ndim, 2 * width, width, bias=False)
        self.head = convolution(ndim, width, ndim, bias=False)

    def forward(self, images: Tensor, known: Known | None) -> Known:
        """(moving | fixed) of this level, and what the next coarser one knows."""
        if known is None:
            first = self.first(images)
            features = self.up(self.blocks(self.down(first)))
            return Known(self._residual(features, first), features)
        velocity = spatial.resize(known.velocity, images.shape[2:])
        first = self.first(self._inputs(images, known.velocity, velocity))
        features = self.up(self.blocks(self.down(first) + known.features))
        return Known(velocity + self._residual(features, first), features)

    def _inputs(self, images: Tensor, coarse: Tensor, velocity: Tensor) -> Tensor:
        """The moving image warped, the fixed one, and the velocity in half axes."""
        moving, fixed = images.chunk(2, dim=1)
        # Integrated where it was made: an eighth of the work.
        displacement = spatial.resize(spatial.integrate(coarse, self.squarings), images.shape[2:])
        warped = spatial.warp(moving, displacement).to(fixed.dtype)
        return torch.cat((warped, fixed, (velocity / _half_axes(velocity)).to(fixed.dtype)), dim=1)

    def _residual(self, features: Tensor, first: Tensor) -> Tensor:
        """The head, in float32: a bf16 head makes the field's error seven times larger (performance.md)."""
        features = F.leaky_relu(self.joint(torch.cat((features, first), dim=1)), _SLOPE)
        with torch.autocast(features.device.type, enabled=False):
            values = F.softsign(self.head(features.to(self.head.weight.dtype)))
            return values * self.reach * _half_axes(values)


def _half_axes(field: Tensor) -> Tensor:
    """Half of each axis' size in voxels, ``(1, ndim, 1 ...)``."""
    space = field.shape[2:]
    return along_axes([size / 2 for size in space], field)
