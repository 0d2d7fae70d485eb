"""Doubling the resolution of features."""

from typing import Literal, TypeAlias

from torch import nn

from contreg_plugins.layers.activation import Activation, activation
from contreg_plugins.layers.dimension import Norm, normalisation

Upsampling: TypeAlias = Literal["linear", "transposed"]


def linear_upsampling(ndim: int) -> nn.Upsample:
    """Linear interpolation with corners aligned; channels stay."""
    return nn.Upsample(scale_factor=2, mode="trilinear" if ndim == 3 else "bilinear", align_corners=True)


def transposed_upsampling(
    ndim: int, channels_in: int, channels_out: int, norm: Norm, active: Activation
) -> nn.Sequential:
    """Transposed convolution (kernel 3, stride 2, exactly twice the size), normalised and activated."""
    kind = nn.ConvTranspose3d if ndim == 3 else nn.ConvTranspose2d
    return nn.Sequential(
        kind(channels_in, channels_out, 3, stride=2, padding=1, output_padding=1),
        normalisation(ndim, channels_out, norm),
        activation(active),
    )
