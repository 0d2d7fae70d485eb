"""FAIM's encoder: an inception layer over both images, then two strided convolutions."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from contreg_core.components import Encoder
from contreg_core.types import Encoding, Pair
from contreg_plugins.layers.dimension import convolution
from contreg_plugins.layers.glorot import glorot
from contreg_plugins.layers.padding import fitted, same_convolution, valid_convolution

KERNELS = (11, 7, 5, 2)


class FAIMEncoder(Encoder):
    """Four kernel sizes side by side (2, 5, 7, 11), then two halvings without padding; PReLU per channel.

    Kuang & Schmah 2018, network "SDN_incept" of the released code. Of an axis of N voxels, a multiple of 4,
    the levels have N, N/2 - 1 and N/4 - 1 voxels (144: 71, 35). Slopes start at 0 and weights at Glorot's
    draw, the defaults of the library it was written in.

    Knobs:
        features: channels of each of the four kernel sizes; every level has four times as many.
    """

    name = "faim"
    paper = "Kuang & Schmah 2018"
    gives: ClassVar[frozenset[str]] = frozenset({"full-resolution"})
    # From multiples of 4 the way up arrives one voxel short of the image, and nowhere else: as published.
    multiple = 4

    def __init__(self, image_channels: int, ndim: int, *, features: int = 8) -> None:
        super().__init__()
        width = len(KERNELS) * features
        self.channels = (width, width, width)
        self.inception = nn.ModuleList(
            same_convolution(ndim, 2 * image_channels, features, kernel=kernel) for kernel in KERNELS
        )
        self.active = nn.PReLU(width, init=0.0)
        self.to_half = valid_convolution(ndim, width, width)
        self.active_half = nn.PReLU(width, init=0.0)
        self.at_half = convolution(ndim, width, width)
        self.to_quarter = valid_convolution(ndim, width, width)
        self.active_quarter = nn.PReLU(width, init=0.0)
        glorot(self)

    def forward(self, pair: Pair) -> Encoding:
        """Both images -> features at 1, about 1/2 and about 1/4, of the pair as a whole."""
        images = torch.cat((pair.moving, pair.fixed), dim=1)
        finest = self.active(torch.cat([branch(images) for branch in self.inception], dim=1))
        half = self.active_half(self.to_half(_at_least_a_kernel(finest)))
        quarter = self.active_quarter(self.to_quarter(_at_least_a_kernel(self.at_half(half))))
        return Encoding((finest, half, quarter))


def _at_least_a_kernel(features: Tensor) -> Tensor:
    """Tiny images have no place for a kernel of 3 without padding."""
    return fitted(features, [max(3, size) for size in features.shape[2:]])
