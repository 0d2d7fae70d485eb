"""The way up of a U-Net."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from contreg_plugins.layers.activation import Activation
from contreg_plugins.layers.block import block
from contreg_plugins.layers.dimension import Norm
from contreg_plugins.layers.upsampling import LinearUpsampling, Upsampling, transposed_upsampling


@dataclass(frozen=True)
class AscentStage:
    """One level: convolutions to ``first`` and ``last`` channels, ``active`` after the second, then ``up``.

    ``grown`` is the channels after a transposed convolution; linear upsampling keeps ``last``.
    """

    first: int
    last: int
    active: Activation
    up: Upsampling = "linear"
    grown: int = 0

    @property
    def above(self) -> int:
        """Channels handed to the next finer level."""
        return self.grown if self.up == "transposed" else self.last


class Ascent(nn.Module):
    """Encoder features, finest first -> features of the last stage.

    ``stages`` run from the coarsest level up. Every stage but the first reads the stage below and its
    level's encoder features, in that order.
    """

    def __init__(
        self,
        ndim: int,
        channels: Sequence[int],
        stages: Sequence[AscentStage],
        norm: Norm,
        active: Activation,
    ) -> None:
        super().__init__()
        below = [0, *(stage.above for stage in stages[:-1])]
        self.blocks = nn.ModuleList(
            block(ndim, (carried + skip, stage.first, stage.last), norm, active, last=stage.active)
            for carried, skip, stage in zip(below, reversed(channels), stages, strict=False)
        )
        self.ups = nn.ModuleList(
            LinearUpsampling()
            if stage.up == "linear"
            else transposed_upsampling(ndim, stage.last, stage.grown, norm, active)
            for stage in stages[:-1]
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """``(B, channels[k], *space_k)`` -> ``(B, last, *space)`` of the finest stage."""
        result: Tensor = self.blocks[0](features[-1])
        for up, level, skip in zip(self.ups, self.blocks[1:], reversed(features[:-1]), strict=False):
            result = level(torch.cat((up(result), skip), dim=1))
        return result
