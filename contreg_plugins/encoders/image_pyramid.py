"""No features at all: both images themselves, at several resolutions."""

from typing import ClassVar

import torch

from contreg_core.components import Encoder
from contreg_core.types import Encoding, Pair
from contreg_plugins.layers.halving import halved


class ImagePyramid(Encoder):
    """Moving and fixed image at 1, 1/2, 1/4 ..., without weights (Mok & Chung 2020).

    It suits decoders that warp the moving image of every level before they look at it. Each halving averages three
    voxels along every axis, centred on every second one.

    Knobs:
        levels: how many resolutions, the image's own included.
    """

    name = "image-pyramid"
    paper = "Mok & Chung 2020"
    gives: ClassVar[frozenset[str]] = frozenset({"paired", "full-resolution"})

    def __init__(self, image_channels: int, ndim: int, *, levels: int = 3) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"levels {levels}, expected 1 or more")
        self.channels = (2 * image_channels,) * levels
        # One halving more than there are levels: decoders halve the coarsest once again.
        self.multiple = 2**levels

    def forward(self, pair: Pair) -> Encoding:
        """Both images -> levels of (moving | fixed), finest first."""
        levels = [torch.cat((pair.moving, pair.fixed), dim=1)]
        while len(levels) < len(self.channels):
            levels.append(halved(levels[-1]))
        return Encoding(tuple(levels))
