"""Layers chosen by the number of spatial axes: one code path for 2-D and 3-D."""

from math import gcd
from typing import Literal, TypeAlias

from torch import nn

from contreg_plugins.layers.convolution3d import Convolution3d

Norm: TypeAlias = Literal["batch", "group", "instance", "none"]


def convolution(
    ndim: int, channels_in: int, channels_out: int, *, kernel: int = 3, stride: int = 1, bias: bool = True
) -> nn.Conv2d | nn.Conv3d:
    """A "same" convolution (odd kernel)."""
    kind = Convolution3d if ndim == 3 else nn.Conv2d
    return kind(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=bias)


def normalisation(ndim: int, channels: int, norm: Norm) -> nn.Module:
    """Batch, instance or group norm (8 groups where they divide; one channel a group below 8), or nothing."""
    if norm == "batch":
        return nn.BatchNorm3d(channels) if ndim == 3 else nn.BatchNorm2d(channels)
    if norm == "instance":
        kind = nn.InstanceNorm3d if ndim == 3 else nn.InstanceNorm2d
        return kind(channels, affine=True)
    if norm == "group":
        return nn.GroupNorm(gcd(8, channels) if channels >= 8 else channels, channels)
    return nn.Identity()
