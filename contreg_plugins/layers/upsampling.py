"""Doubling the resolution of features."""

from typing import Literal, TypeAlias

from torch import Tensor, nn

from contreg_core import spatial
from contreg_plugins.layers.activation import Activation, activation
from contreg_plugins.layers.dimension import Norm, normalisation

Upsampling: TypeAlias = Literal["linear", "transposed"]


class LinearUpsampling(nn.Module):
    """Linear interpolation to twice the size with corners aligned; channels stay."""

    def forward(self, features: Tensor) -> Tensor:
        """``(B, C, *space)`` -> ``(B, C, *2 space)``."""
        return spatial.stretch(features, [2 * size for size in features.shape[2:]])


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
