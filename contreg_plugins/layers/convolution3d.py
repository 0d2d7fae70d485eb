"""3-D convolution whose gradients a CPU finds without oneDNN's slow path."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight

from contreg_plugins.layers.small_convolution import convolved


class Convolution3d(nn.Conv3d):
    """``nn.Conv3d`` with zero padding and without groups or dilation; values and gradients the same but for rounding.

    Where a CPU has AVX2 and no more, oneDNN finds the gradient of a 3-D weight at a third of its speed elsewhere
    (``gemm:jit``); that of a 2-D weight it does not. So there a kernel of 3 is taken as three 2-D ones.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``(B, channels, *space)`` -> the same as ``nn.Conv3d``."""
        return convolve(input, self.weight, self.bias, self.stride, _sizes(self.padding))


def convolve(
    volume: Tensor, weight: Tensor, bias: Tensor | None, stride: tuple[int, ...], padding: tuple[int, ...]
) -> Tensor:
    """What ``Convolution3d`` does, with weights ``(out, in, *kernel)`` that need be no layer's own."""
    if _by_planes(volume, weight, stride, padding):
        found: Tensor = SameConvolution.apply(volume, weight, bias)  # type: ignore[no-untyped-call]
        return found
    return convolved(volume, weight, bias, stride, padding)


class SameConvolution(torch.autograd.Function):
    """A kernel of 3, stride 1, padded by zeros to the same size."""

    @staticmethod
    def forward(ctx: Any, volume: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``(B, in, *space)``, ``(out, in, 3, 3, 3)``, ``(out,)`` -> ``(B, out, *space)``."""
        ctx.save_for_backward(volume, weight)
        return convolved(volume, weight, bias, (1, 1, 1), (1, 1, 1))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """The gradient of a volume is the convolution by the kernel turned about."""
        volume, weight = ctx.saved_tensors
        gradient = gradient.contiguous()
        to_volume, to_weight, to_bias = ctx.needs_input_grad
        turned = weight.flip(2, 3, 4).transpose(0, 1).contiguous() if to_volume else None
        return (
            None if turned is None else convolved(gradient, turned, None, (1, 1, 1), (1, 1, 1)),
            _of_weight(volume, gradient) if to_weight else None,
            gradient.sum((0, 2, 3, 4)) if to_bias else None,
        )


def _of_weight(volume: Tensor, gradient: Tensor) -> Tensor:
    """Plane by plane: at a depth of the kernel, each plane of the gradient meets the volume's one beside it."""
    inputs, outputs = _planes(volume), _planes(gradient)
    size = (gradient.shape[1], volume.shape[1], 3, 3)
    count = len(inputs)
    by_depth = [
        conv2d_weight(
            inputs[max(0, shift) : count + min(0, shift)],
            size,
            outputs[max(0, -shift) : count + min(0, -shift)],
            padding=1,
        )
        for shift in (-1, 0, 1)
    ]
    return torch.stack(by_depth, dim=2)


def _planes(volumes: Tensor) -> Tensor:
    """``(B, C, D, H, W)`` -> ``(B (D + 1), C, H, W)``, an empty plane after each volume: so none meets the next."""
    count, channels, depth, *rest = volumes.shape
    planes = volumes.new_zeros((count, depth + 1, channels, *rest))
    planes[:, :depth] = volumes.transpose(1, 2)
    return planes.flatten(0, 1)


def _by_planes(volume: Tensor, weight: Tensor, stride: tuple[int, ...], padding: tuple[int, ...]) -> bool:
    return (
        volume.device.type == "cpu"
        and volume.dtype == weight.dtype == torch.float32
        and torch.is_grad_enabled()
        and weight.requires_grad
        and weight.shape[2:] == (3, 3, 3)
        and stride == padding == (1, 1, 1)
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.cpu.get_cpu_capability() == "AVX2"
    )


def _sizes(padding: object) -> tuple[int, ...]:
    assert isinstance(padding, tuple)
    return padding
