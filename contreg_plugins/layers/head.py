"""The convolution that ends in field units: small first weights, always float32."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contreg_plugins.layers.convolution3d import convolve
from contreg_plugins.layers.dimension import convolution


class FieldHead(nn.Module):
    """``(B, channels, *space) -> (B, ndim, *space)`` float32, kernel 3, weights N(0, std^2), constant bias.

    It leaves autocast: a bf16 head makes the field's error seven times larger (performance.md).
    """

    def __init__(self, channels: int, ndim: int, *, std: float, bias: float = 0.0) -> None:
        super().__init__()
        self.convolution = convolution(ndim, channels, ndim)
        nn.init.normal_(self.convolution.weight, std=std)
        assert self.convolution.bias is not None
        nn.init.constant_(self.convolution.bias, bias)

    def forward(self, features: Tensor) -> Tensor:
        """Features in any precision -> float32 field values."""
        with torch.autocast(features.device.type, enabled=False):
            values: Tensor = self.convolution(features.to(self.convolution.weight.dtype))
        return values


def gaussian(
    mean: FieldHead, log_variance: FieldHead | None, features: Tensor
) -> tuple[Tensor, Tensor | None]:
    """``(mean(features), log_variance(features))``, by one convolution: six channels take hardly longer than three."""
    if log_variance is None:
        return mean(features), None
    first, second = mean.convolution, log_variance.convolution
    assert first.bias is not None
    assert second.bias is not None
    weight, bias = torch.cat((first.weight, second.weight)), torch.cat((first.bias, second.bias))
    with torch.autocast(features.device.type, enabled=False):
        wide = features.to(weight.dtype)
        if wide.ndim == 4:
            values = F.conv2d(wide, weight, bias, padding=1)
        else:
            values = convolve(wide, weight, bias, (1, 1, 1), (1, 1, 1))
    found, spread = values.chunk(2, dim=1)
    return found, spread
