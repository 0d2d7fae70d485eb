"""Activations by name."""

from typing import Literal, TypeAlias

from torch import nn

Activation: TypeAlias = Literal["relu", "leaky-relu", "softmax", "none"]


def activation(name: Activation) -> nn.Module:
    """Leaky-relu has slope 0.2, softmax runs over channels."""
    if name == "relu":
        return nn.ReLU()
    if name == "leaky-relu":
        return nn.LeakyReLU(0.2)
    return nn.Softmax(dim=1) if name == "softmax" else nn.Identity()


def leaky(slope: float) -> nn.Module:
    """A leaky ReLU in place; not of a negative slope, whose gradient cannot be told from the result."""
    return nn.LeakyReLU(slope, inplace=slope >= 0)
