"""VoxelMorph's encoder: both images as channels of one input."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from contreg_core.components import Encoder
from contreg_core.types import Encoding, Pair
from contreg_plugins.layers.dimension import convolution
from contreg_plugins.layers.initialisation import Initialisation


class VoxelMorphEncoder(Encoder):
    """One network over (moving, fixed), halving the resolution once a level; leaky ReLU 0.2, no norms.

    "legacy" is the network of the papers (Balakrishnan et al. 2018, 2019): stride-2 convolutions; the
    finest level handed on is the pair of images itself. "dev" is the library's current one: convolutions,
    each followed by max-pooling; the coarsest level is only pooled.

    Knobs:
        flavour: "legacy" or "dev".
        features: channels of each level's convolution, finest first.
    """

    name = "voxelmorph"
    paper = "Balakrishnan et al. 2018; Balakrishnan et al. 2019"
    gives: ClassVar[frozenset[str]] = frozenset({"full-resolution"})

    def __init__(
        self,
        image_channels: int,
        ndim: int,
        *,
        flavour: Literal["legacy", "dev"] = "legacy",
        features: tuple[int, ...] = (16, 32, 32, 32),
    ) -> None:
        super().__init__()
        if not features:
            raise ValueError("features is empty; give one number of channels a level")
        inputs = (2 * image_channels, *features[:-1])
        self.strided = flavour == "legacy"
        self.channels = (inputs[0], *features) if self.strided else (*features, features[-1])
        self.multiple = 2 ** len(features)
        self.pool = nn.MaxPool3d(2) if ndim == 3 else nn.MaxPool2d(2)
        self.convolutions = nn.ModuleList(
            nn.Sequential(convolution(ndim, before, after, stride=1 + self.strided), nn.LeakyReLU(0.2))
            for before, after in zip(inputs, features, strict=True)
        )
        Initialisation().apply(self)

    def forward(self, pair: Pair) -> Encoding:
        """Both images -> features at 1, 1/2, 1/4 ..., of the pair as a whole."""
        images = torch.cat((pair.moving, pair.fixed), dim=1)
        return Encoding(tuple(self._strided(images) if self.strided else self._pooled(images)))

    def _strided(self, features: Tensor) -> list[Tensor]:
        levels = [features]
        for level in self.convolutions:
            levels.append(level(levels[-1]))
        return levels

    def _pooled(self, features: Tensor) -> list[Tensor]:
        levels: list[Tensor] = []
        for level in self.convolutions:
            levels.append(level(features))
            features = self.pool(levels[-1])
        return [*levels, features]
