"""Pre-activation residual blocks without norms."""

import torch.nn.functional as F
from torch import Tensor, nn

from contreg_plugins.layers.dimension import convolution


class PreActivation(nn.Module):
    """``x + conv(act(conv(act(x))))`` with kernels of 3 and no bias (He et al. 2016), ``act`` a leaky ReLU."""

    def __init__(self, ndim: int, channels: int, *, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.first = convolution(ndim, channels, channels, bias=False)
        self.second = convolution(ndim, channels, channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """``(B, channels, *space)`` -> the same."""
        change = self.first(F.leaky_relu(features, self.slope))
        change = self.second(F.leaky_relu(change, self.slope))
        total: Tensor = features + change
        return total
