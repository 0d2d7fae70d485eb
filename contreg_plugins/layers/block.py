"""Convolution, normalisation, activation: the unit that U-Nets are stacked from."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from contreg_plugins.layers.activation import Activation, activation
from contreg_plugins.layers.dimension import Norm, convolution, normalisation


def block(
    ndim: int, channels: Sequence[int], norm: Norm, active: Activation, *, last: Activation | None = None
) -> nn.Sequential:
    """One unit per step of ``channels`` (input first); ``last`` replaces the activation of the final unit."""
    layers: list[nn.Module] = []
    for channels_in, channels_out in pairwise(channels):
        layers += [
            convolution(ndim, channels_in, channels_out),
            normalisation(ndim, channels_out, norm),
            activation(active),
        ]
    if last is not None:
        layers[-1] = activation(last)
    return nn.Sequential(*layers)
