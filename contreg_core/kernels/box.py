"""Sums over cubic windows, never as running sums: in the flat background of a brain those leave variances of rounding
noise, and the gradient explodes (measured 500 times too large; performance.md)."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from contreg_core.kernels.fit import array, fits, in_space


def box_sum(image: Tensor, window: int) -> Tensor:
    """Sum over a centred cube of odd ``window`` around every voxel, zeros outside; ``(B, C, *space)`` -> same."""
    if fits(image):
        values: Tensor = _BoxSum.apply(image, window)  # type: ignore[no-untyped-call]
        return values
    return shifted_sum(image, window)


def shifted_sum(image: Tensor, window: int) -> Tensor:
    """``box_sum`` in plain torch."""
    for axis in range(2, image.ndim):
        image = _line_sum(image, window, axis)
    return image


def _line_sum(image: Tensor, window: int, axis: int) -> Tensor:
    """Sliding sum along one axis: partial sums of 1, 2, 4 ... samples, added by the bits of ``window``."""
    size, half = image.shape[axis], window // 2
    amounts = [0] * (2 * (image.ndim - axis))
    amounts[-2:] = [half, half]
    block = F.pad(image, amounts)
    width, total, offset = 1, None, 0
    remaining = window
    while remaining:
        if remaining & 1:
            part = block.narrow(axis, offset, size)
            total = part if total is None else total + part
            offset += width
        remaining >>= 1
        if remaining:
            length = block.shape[axis] - width
            block = block.narrow(axis, 0, length) + block.narrow(axis, width, length)
            width *= 2
    assert total is not None
    return total


class _BoxSum(Function):
    """Its own adjoint."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, window: int) -> Tensor:
        from contreg_core.kernels.loops import machine, windows

        ctx.window = window
        out = image.new_empty(image.shape)
        planes, sums = volumes(image), volumes(out)
        in_plane(planes, None, window, sums)
        machine.share(
            windows.through_depth, planes.shape[0] * planes.shape[2], out.numel(), sums, window, sums
        )
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return box_sum(gradients[0], ctx.window), None


def volumes(image: Tensor) -> Any:
    """``(B, C, *space)`` -> array ``(B * C, D, H, W)``; writing to it writes to a contiguous ``image``."""
    return array(in_space(image)).reshape(-1, *in_space(image).shape[2:])


def in_plane(a: Any, b: Any, window: int, out: Any) -> Any:
    """``out``: sums of ``a * b`` (of ``a`` where ``b`` is None) over the window's square in every slice."""
    from contreg_core.kernels.loops import machine, windows

    other, rows = (a if b is None else b), a.shape[0] * a.shape[1]
    machine.share(windows.in_plane, rows, a.size, a, other, b is None, window, out)
    return out
