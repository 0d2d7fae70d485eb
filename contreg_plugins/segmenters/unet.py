"""The U-Net (Ronneberger et al. 2015; in 3-D Cicek et al. 2016), with instance norms."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from contreg_core.components import Segmenter
from contreg_core.types import Image
from contreg_plugins.layers.dimension import convolution, normalisation
from contreg_plugins.layers.initialisation import Initialisation


class UNet(Segmenter):
    """Two convolutions a level, instance norm, leaky ReLU 0.01; max-pooling down, transposed convolutions up.

    Skips are concatenated, and a 1x1x1 convolution gives the logits. Dropout and deep supervision there are none.

    Knobs:
        features: channels of each level, finest first; 16,32,64,128 is half as wide and some four times as fast.
        zscore: bring every image to mean 0 and standard deviation 1 where it is not 0, before the network.
    """

    name = "unet"
    paper = "Ronneberger et al. 2015; Çiçek et al. 2016"

    def __init__(
        self,
        image_channels: int,
        classes: int,
        ndim: int,
        *,
        features: tuple[int, ...] = (32, 64, 128, 256),
        zscore: bool = True,
    ) -> None:
        super().__init__()
        if not features:
            raise ValueError("features is empty; give one number of channels a level")
        self.zscore = zscore
        self.multiple = 2 ** (len(features) - 1)
        self.pool = nn.MaxPool3d(2) if ndim == 3 else nn.MaxPool2d(2)
        inputs = (image_channels, *features[:-1])
        self.down = nn.ModuleList(
            _twice(ndim, before, own) for before, own in zip(inputs, features, strict=True)
        )
        climbs = list(zip(features[1:], features[:-1], strict=True))[::-1]
        self.up = nn.ModuleList(_upsampling(ndim, below, own) for below, own in climbs)
        self.join = nn.ModuleList(_twice(ndim, 2 * own, own) for _, own in climbs)
        self.head = convolution(ndim, features[0], classes, kernel=1)
        Initialisation().apply(self)

    def forward(self, image: Image) -> Tensor:
        """``(B, 1, *space)`` -> logits ``(B, classes, *space)``; background 0 stays 0 under the z-score."""
        levels = self._descend(standardised(image) if self.zscore else image)
        features = levels.pop()
        for up, join, skip in zip(self.up, self.join, reversed(levels), strict=True):
            features = join(torch.cat((skip, up(features)), dim=1))
        logits: Tensor = self.head(features)
        return logits

    def _descend(self, features: Tensor) -> list[Tensor]:
        levels: list[Tensor] = []
        for level in self.down:
            levels.append(level(self.pool(levels[-1]) if levels else features))
        return levels


def standardised(image: Image) -> Image:
    """Mean 0 and standard deviation 1 over what is not 0, each image by itself; what is 0 stays 0."""
    inside = image != 0
    axes = tuple(range(1, image.ndim))
    count = inside.sum(dim=axes, keepdim=True).clamp(min=1)
    centred = torch.where(inside, image - image.sum(dim=axes, keepdim=True) / count, 0.0)
    deviation = (centred.square().sum(dim=axes, keepdim=True) / count).sqrt()
    return centred / deviation.clamp(min=1e-6)


def _twice(ndim: int, channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(*_unit(ndim, channels_in, channels_out), *_unit(ndim, channels_out, channels_out))


def _unit(ndim: int, channels_in: int, channels_out: int) -> Sequence[nn.Module]:
    """The norm's shift stands in for the convolution's bias."""
    return (
        convolution(ndim, channels_in, channels_out, bias=False),
        normalisation(ndim, channels_out, "instance"),
        nn.LeakyReLU(0.01, inplace=True),
    )


def _upsampling(ndim: int, channels_in: int, channels_out: int) -> nn.Module:
    kind = nn.ConvTranspose3d if ndim == 3 else nn.ConvTranspose2d
    return kind(channels_in, channels_out, 2, stride=2)
