"""3-D convolution that stays fast where a CPU build of PyTorch would take its slow path."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEAST = 20_480
"""PyTorch gives one float32 volume to oneDNN only where channels x depth x height are more than this."""


class Convolution3d(nn.Conv3d):
    """``nn.Conv3d``, but one small volume on a CPU goes as two overlapping slabs.

    PyTorch decides between oneDNN and an unfolding of its own by the shape of the input, and unfolds a lone small
    volume, at 2 to 11 times the cost, forward and back. A batch of two it never unfolds. Values and gradients are the
    same but for rounding.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``(B, channels, *space)`` -> the same as ``nn.Conv3d``."""
        return _in_slabs(self, input) if _would_unfold(self, input) else super().forward(input)


def _would_unfold(layer: nn.Conv3d, volume: Tensor) -> bool:
    return (
        volume.device.type == "cpu"
        and volume.dtype == layer.weight.dtype == torch.float32
        and volume.shape[0] == 1
        and volume.shape[1:4].numel() <= _LEAST
        and layer.kernel_size[0] == 3
    )


def _in_slabs(layer: nn.Conv3d, volume: Tensor) -> Tensor:
    size, kernel, stride = volume.shape[2], layer.kernel_size[0], layer.stride[0]
    before, *across = (int(width) for width in layer.padding)
    planes = (size + 2 * before - kernel) // stride + 1
    half = (planes + 1) // 2
    start, depth = half * stride, (half - 1) * stride + kernel
    padded = F.pad(volume, (0, 0, 0, 0, before, start + depth - size - before))
    slabs = torch.cat((padded[:, :, :depth], padded[:, :, start:]))
    found = F.conv3d(slabs, layer.weight, layer.bias, layer.stride, (0, *across))
    return torch.cat(found.chunk(2), dim=2)[:, :, :planes]
