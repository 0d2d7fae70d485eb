"""MONAI's registration networks as decoders: the finest features in, usually both images, a field out."""

from typing import ClassVar

import torch
from monai.networks.nets import GlobalNet, LocalNet, VoxelMorphUNet
from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.components import Decoder
from contreg_core.types import Encoding, Field


class MonaiVoxelMorph(Decoder):
    """``VoxelMorphUNet``, which gives a stationary velocity (Balakrishnan et al. 2019).

    Knobs:
        features: channels of the levels, finest first, down and up again; an even number of them.
        final: channels of the convolutions at full resolution.
        mean_std: standard deviation of the last convolution's first weights.
    """

    name = "monai-voxelmorph"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity"})
    needs: ClassVar[frozenset[str]] = frozenset({"paired", "full-resolution"})

    def __init__(
        self,
        channels: tuple[int, ...],
        ndim: int,
        *,
        features: tuple[int, ...] = (16, 32, 32, 32, 32, 32),
        final: tuple[int, ...] = (16, 16),
        mean_std: float = 1e-5,
    ) -> None:
        super().__init__()
        self.multiple = 2 ** (len(features) // 2)
        self.network = VoxelMorphUNet(ndim, channels[0], features[-1], features, final)
        last = [layer for layer in self.network.modules() if isinstance(layer, nn.Conv2d | nn.Conv3d)][-1]
        nn.init.normal_(last.weight, std=mean_std)

    def forward(self, encoding: Encoding) -> Field:
        """Features -> a velocity at full resolution."""
        with torch.autocast(encoding.features[0].device.type, enabled=False):
            return Field(_run(self.network, encoding, self.multiple), kind="velocity")


class MonaiLocalNet(Decoder):
    """``LocalNet``: an encoder and decoder with additive skips, whose levels are summed to the field (Hu et al. 2018).

    Knobs:
        width: channels at full resolution; they double a level.
        depth: halvings.
    """

    name = "monai-localnet"
    needs: ClassVar[frozenset[str]] = frozenset({"full-resolution"})

    def __init__(self, channels: tuple[int, ...], ndim: int, *, width: int = 16, depth: int = 3) -> None:
        super().__init__()
        self.multiple = 2**depth
        levels = tuple(range(depth + 1))
        self.network = LocalNet(
            ndim, channels[0], width, levels, out_kernel_initializer="zeros", out_channels=ndim
        )

    def forward(self, encoding: Encoding) -> Field:
        """Features -> a displacement at full resolution."""
        with torch.autocast(encoding.features[0].device.type, enabled=False):
            return Field(_run(self.network, encoding, self.multiple))


class MonaiGlobalNet(Decoder):
    """``GlobalNet``: an affine map of the whole image, found on images resized to a cube (Hu et al. 2018).

    Knobs:
        size: edge of that cube in voxels, a multiple of 2^depth.
        width: channels at full resolution; they double a level.
        depth: halvings.
    """

    name = "monai-globalnet"
    needs: ClassVar[frozenset[str]] = frozenset({"full-resolution"})

    def __init__(
        self, channels: tuple[int, ...], ndim: int, *, size: int = 32, width: int = 8, depth: int = 3
    ) -> None:
        super().__init__()
        if size % 2**depth:
            raise ValueError(f"size {size} is not a multiple of {2**depth}")
        self.cube = [size] * ndim
        self.network = GlobalNet(self.cube, ndim, channels[0], width, depth)

    def forward(self, encoding: Encoding) -> Field:
        """Features -> a displacement at full resolution."""
        finest = encoding.features[0]
        with torch.autocast(finest.device.type, enabled=False):
            mode = "trilinear" if finest.ndim == 5 else "bilinear"
            small = nn.functional.interpolate(finest.float(), self.cube, mode=mode, align_corners=True)
            return Field(spatial.resize(self.network(small), finest.shape[2:]))


def _run(network: nn.Module, encoding: Encoding, multiple: int) -> Tensor:
    """The network on the finest features, padded to what it can halve."""
    finest = encoding.features[0]
    found: Tensor = network(spatial.pad_to_multiple(finest.float(), multiple))
    return spatial.crop_to(found, finest.shape[2:])
