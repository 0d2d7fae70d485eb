"""Local correlation, squared or signed, with an analytic backward pass, without a tape of the filters."""

from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from contreg_core.kernels.box import in_plane, shifted_sum, volumes
from contreg_core.kernels.fit import fits

Slopes: TypeAlias = tuple[Tensor | None, Tensor | None, None, None, None, None]


def squared_lncc(a: Tensor, b: Tensor, count: Tensor, window: int, eps: float) -> Tensor:
    """The map of ``cov^2 / (var_a var_b + eps)``, ``(B, C, *space)``, over cubes of odd ``window``.

    ``count`` is the number of samples in each window (``window**ndim``, or the in-bounds number), of a shape that
    expands to that of the images.
    """
    return _correlation(a, b, count, window, eps, False)


def signed_lncc(a: Tensor, b: Tensor, count: Tensor, window: int, eps: float) -> Tensor:
    """The map of ``cov / sqrt(var_a var_b + eps)``, in [-1, 1]; else as ``squared_lncc``."""
    return _correlation(a, b, count, window, eps, True)


def _correlation(a: Tensor, b: Tensor, count: Tensor, window: int, eps: float, sign: bool) -> Tensor:
    form = CompiledLNCC if fits(a, b, count) and a.shape == b.shape else PlainLNCC
    values: Tensor = form.apply(a, b, count, window, eps, sign)  # type: ignore[no-untyped-call]
    return values


class CompiledLNCC(torch.autograd.Function):
    """Keeps three maps for each image that wants a gradient; they are summed over windows once more."""

    @staticmethod
    def forward(
        ctx: Any, a: Tensor, b: Tensor, count: Tensor, window: int, eps: float, sign: bool = False
    ) -> Tensor:
        from contreg_core.kernels.loops import correlation, machine

        a, b = a.contiguous(), b.contiguous()
        by_a, by_b = ctx.needs_input_grad[:2]
        one, two, counts = volumes(a), volumes(b), volumes(_counts(count, a))
        pairs = [(one, None), (two, None), (one, one), (two, two), (one, two)]
        sums = tuple(in_plane(*pair, window, np.empty_like(one)) for pair in pairs)
        none = np.empty((1, 1, 1, 1), one.dtype)
        wanted = (by_a or by_b, by_a, by_a, by_b, by_b)
        maps = tuple(np.empty_like(one) if yes else none for yes in wanted)
        out = torch.empty_like(a)
        rows = one.shape[0] * one.shape[2]
        rest = (sums, counts, window, one.dtype.type(eps), sign, maps, by_a, by_b, volumes(out))
        machine.share(correlation.correlate, rows, one.size, *rest)
        ctx.save_for_backward(a, b, *(torch.from_numpy(each) for each in maps))
        ctx.window = window
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Slopes:
        a, b, by_cov, a_map, a_rest, b_map, b_rest = ctx.saved_tensors
        by_a, by_b = ctx.needs_input_grad[:2]
        gradient = volumes(gradients[0])
        shared = in_plane(gradient, by_cov.numpy(), ctx.window, np.empty_like(gradient))
        grad_a = _gradient(a, b, gradient, shared, a_map, a_rest, ctx.window) if by_a else None
        grad_b = _gradient(b, a, gradient, shared, b_map, b_rest, ctx.window) if by_b else None
        return grad_a, grad_b, None, None, None, None


def _gradient(
    own: Tensor, other: Tensor, gradient: Any, by_cov: Any, by_var: Tensor, rest: Tensor, window: int
) -> Tensor:
    from contreg_core.kernels.loops import correlation, machine

    sums = (
        by_cov,
        *(in_plane(gradient, each.numpy(), window, np.empty_like(by_cov)) for each in (by_var, rest)),
    )
    out = torch.empty_like(own)
    rows = by_cov.shape[0] * by_cov.shape[2]
    machine.share(
        correlation.combine, rows, by_cov.size, sums, volumes(own), volumes(other), window, volumes(out)
    )
    return out


def _counts(count: Tensor, image: Tensor) -> Tensor:
    """One count a voxel: for all images, or for each."""
    shared = count.ndim == 0 or count.shape[:2].numel() == 1
    return count.expand(1, 1, *image.shape[2:]) if shared else count.expand(image.shape)


class PlainLNCC(torch.autograd.Function):
    """The same in plain torch; gradients for both images."""

    @staticmethod
    def forward(
        ctx: Any, a: Tensor, b: Tensor, count: Tensor, window: int, eps: float, sign: bool = False
    ) -> Tensor:
        """``count`` is the number of samples in each window (``window**ndim``, or the in-bounds number)."""
        mean_a, mean_b = shifted_sum(a, window) / count, shifted_sum(b, window) / count
        var_a = (shifted_sum(a * a, window) / count).addcmul_(mean_a, mean_a, value=-1).clamp_(min=0)
        var_b = (shifted_sum(b * b, window) / count).addcmul_(mean_b, mean_b, value=-1).clamp_(min=0)
        cov = (shifted_sum(a * b, window) / count).addcmul_(mean_a, mean_b, value=-1)
        den = (var_a * var_b).add_(eps)
        ctx.save_for_backward(a, b, count, mean_a, mean_b, var_a, var_b, cov, den)
        ctx.window, ctx.sign = window, sign
        return cov / den.sqrt() if sign else cov * cov / den

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Slopes:
        a, b, count, mean_a, mean_b, var_a, var_b, cov, den = ctx.saved_tensors
        scale = gradients[0] / count / den
        by_cov = scale * (den.sqrt() if ctx.sign else 2 * cov)
        by_var = scale * (cov / den.sqrt() / 2 if ctx.sign else cov * cov / den)
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
        return grad_a, grad_b, None, None, None, None


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
    return (
        other * shifted_sum(by_cov, window)
        - 2 * own * shifted_sum(by_var, window)
        - shifted_sum(constant, window)
    )
