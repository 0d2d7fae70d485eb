"""Learned steps of descent on a velocity."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_core import spatial
from contreg_plugins.layers.dimension import convolution
from contreg_plugins.layers.force import CorrelationForce, laplacian
from contreg_plugins.layers.head import FieldHead

_WINDOW = 5
"""Voxels along the window of the force, as ``svf-adam`` has it: 3 did as well, 7 learned slower."""


class Descent(nn.Module):
    """A better velocity, step by step, each from the images as they lie by then (Qiu et al. 2022).

    What ``svf-adam`` does to a pair, but with the length and the direction of the steps learned. No gradient flows back
    through what a step sees of the images: its answer is learned.
    """

    def __init__(self, ndim: int, channels: int, steps: int, *, std: float, slope: float) -> None:
        super().__init__()
        self.steps = nn.ModuleList(_Step(ndim, channels, std=std, slope=slope) for _ in range(steps))

    def forward(
        self,
        features: Tensor,
        moving: Tensor,
        fixed: Tensor,
        velocity: Tensor,
        displacement_of: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """Features and both images on the velocity's grid, and it -> a new one."""
        if not self.steps:
            return velocity
        with torch.no_grad():
            force_on = CorrelationForce(fixed, _WINDOW)
        for step in self.steps:
            with torch.no_grad():
                force = force_on(spatial.warp(moving, displacement_of(velocity)))
            velocity = velocity + step(features, force, velocity)
        return velocity


class _Step(nn.Module):
    """From features, the force of local correlation and what a penalty on the gradient would change."""

    def __init__(self, ndim: int, channels: int, *, std: float, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.convolution = convolution(ndim, channels + 3 * ndim + 1, channels)
        self.head = FieldHead(channels, ndim, std=std)

    def forward(self, features: Tensor, force: Tensor, velocity: Tensor) -> Tensor:
        """What to add to the velocity."""
        # Bounded as the force is: a step that answers to its own ripples by larger ones would grow without end.
        seen = [features, *(one.to(features.dtype) for one in (force, laplacian(velocity).tanh()))]
        step: Tensor = self.head(F.leaky_relu(self.convolution(torch.cat(seen, dim=1)), self.slope))
        return step
