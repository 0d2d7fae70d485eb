"""Sizes as TensorFlow makes them: even kernels, and features made to fit a grid at the high end of every axis."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from contreg_plugins.layers.dimension import convolution


def same_convolution(ndim: int, channels_in: int, channels_out: int, *, kernel: int) -> nn.Module:
    """A "same" convolution of any kernel; an even one sees one voxel more at the high end (TensorFlow's rule)."""
    if kernel % 2:
        return convolution(ndim, channels_in, channels_out, kernel=kernel)
    # torch's own padding="same" warns of the copy that an even kernel costs.
    low, high = kernel // 2 - 1, kernel // 2
    pad = (
        nn.ZeroPad3d((low, high, low, high, low, high)) if ndim == 3 else nn.ZeroPad2d((low, high, low, high))
    )
    return nn.Sequential(pad, valid_convolution(ndim, channels_in, channels_out, kernel=kernel, stride=1))


def valid_convolution(
    ndim: int, channels_in: int, channels_out: int, *, kernel: int = 3, stride: int = 2
) -> nn.Conv2d | nn.Conv3d:
    """A convolution without padding: N voxels become ``(N - kernel) // stride + 1``."""
    kind = nn.Conv3d if ndim == 3 else nn.Conv2d
    return kind(channels_in, channels_out, kernel, stride=stride)


def valid_transposed(
    ndim: int, channels_in: int, channels_out: int
) -> nn.ConvTranspose2d | nn.ConvTranspose3d:
    """A transposed convolution, kernel 3, stride 2, nothing cut off: N voxels become ``2 N + 1``."""
    kind = nn.ConvTranspose3d if ndim == 3 else nn.ConvTranspose2d
    return kind(channels_in, channels_out, 3, stride=2)


def fitted(features: Tensor, space: Sequence[int]) -> Tensor:
    """``(B, C, *any) -> (B, C, *space)``: zeros added, or voxels cut off, at the high end of every axis."""
    missing = [wanted - size for wanted, size in zip(space, features.shape[2:], strict=True)]
    return F.pad(features, [side for size in reversed(missing) for side in (0, size)])
