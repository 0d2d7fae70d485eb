"""Fast forms behind the windowed losses: box sums by shift-doubling, LNCC with an analytic backward pass.

Box sums are never running sums: in the flat background of a brain those leave variances of rounding noise, and the
gradient explodes (measured 500 times too large; performance.md 5).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def box_sum(image: Tensor, window: int) -> Tensor:
    """Sum over a centred cube of odd ``window`` around every voxel, zeros outside; ``(B, C, *space)`` -> same."""
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


def squared_lncc(a: Tensor, b: Tensor, count: Tensor, window: int, eps: float) -> Tensor:
    """The map of squared local correlations, ``(B, C, *space)``; see ``SquaredLNCC``."""
    values: Tensor = SquaredLNCC.apply(a, b, count, window, eps)  # type: ignore[no-untyped-call]
    return values


class SquaredLNCC(torch.autograd.Function):
    """Map of ``cov^2 / (var_a var_b + eps)`` of two images; gradients for both, without a tape of the filters."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, count: Tensor, window: int, eps: float) -> Tensor:
        """``count`` is the number of samples in each window (``window**ndim``, or the in-bounds number)."""
        mean_a, mean_b = box_sum(a, window) / count, box_sum(b, window) / count
        var_a = (box_sum(a * a, window) / count).addcmul_(mean_a, mean_a, value=-1).clamp_(min=0)
        var_b = (box_sum(b * b, window) / count).addcmul_(mean_b, mean_b, value=-1).clamp_(min=0)
        cov = (box_sum(a * b, window) / count).addcmul_(mean_a, mean_b, value=-1)
        den = (var_a * var_b).add_(eps)
        ctx.save_for_backward(a, b, count, mean_a, mean_b, var_a, var_b, cov, den)
        ctx.window = window
        return cov * cov / den

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        a, b, count, mean_a, mean_b, var_a, var_b, cov, den = ctx.saved_tensors
        scale = gradients[0] / count / den
        by_cov = scale * (2 * cov)
        by_var = scale * (cov * cov / den)
        grad_a = (
            _side(b, a, mean_b, mean_a, by_cov, by_var * var_b, ctx.window)
            if ctx.needs_input_grad[0]
            else None
        )
        grad_b = (
            _side(a, b, mean_a, mean_b, by_cov, by_var * var_a, ctx.window)
            if ctx.needs_input_grad[1]
            else None
        )
        return grad_a, grad_b, None, None, None


def _side(
    other: Tensor,
    own: Tensor,
    mean_other: Tensor,
    mean_own: Tensor,
    by_cov: Tensor,
    by_var: Tensor,
    window: int,
) -> Tensor:
    """d/d own: ``cov`` changes by ``other - mean_other``, ``var_own`` by ``2 (own - mean_own)``, over each window."""
    constant = by_cov * mean_other - 2 * by_var * mean_own
    return other * box_sum(by_cov, window) - 2 * own * box_sum(by_var, window) - box_sum(constant, window)
