"""Warping maps of many channels on the CPU, in their own type and layout, with both gradients."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from contreg_core.kernels.channels import bits, empty, last, shift, takes
from contreg_core.kernels.fit import array, fits


def carries(features: Tensor, displacement: Tensor) -> bool:
    """True where ``carried`` may be called: the loops trust the shapes they are given."""
    return (
        takes(features)
        and displacement.dtype == torch.float32
        and fits(displacement)
        and displacement.ndim == 5
        and displacement.shape[:2] == (features.shape[0], 3)
    )


def carried(features: Tensor, displacement: Tensor) -> Tensor:
    """``features`` ``(B, C, D, H, W)`` at ``p + displacement(p)``, linear, the edge repeated; channels last in memory.

    Computed in float32 and rounded once.
    """
    values: Tensor = _Carried.apply(features, displacement)  # type: ignore[no-untyped-call]
    return values


class _Carried(Function):
    """Saves its two arguments only; the backward pass reads the neighbours again."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, displacement: Tensor) -> Tensor:
        from contreg_core.kernels.loops import features as loops
        from contreg_core.kernels.loops import machine

        features, displacement = last(features), displacement.contiguous()
        ctx.save_for_backward(features, displacement)
        values = empty(features, displacement.shape[2:])
        rows = values.shape[0] * values.shape[2]
        where = shift(features), tuple(features.shape[2:]), array(displacement)
        machine.share(loops.read, rows, values.numel(), _flat(features), *where, bits(values))
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        from contreg_core.kernels.loops import features as loops
        from contreg_core.kernels.loops import machine

        features, displacement = ctx.saved_tensors
        where = shift(features), tuple(features.shape[2:]), array(displacement)
        gradient = bits(last(gradients[0]))
        by_features = by_displacement = None
        if ctx.needs_input_grad[0]:
            sums = empty(features, features.shape[2:], torch.float32).zero_()
            flat = _flat(sums).view("float32")
            machine.share(loops.scatter, features.shape[1], gradient.size, *where, gradient, flat)
            by_features = sums.to(features.dtype)
        if ctx.needs_input_grad[1]:
            by_displacement = torch.empty_like(displacement)
            rows = displacement.shape[0] * displacement.shape[2]
            to = array(by_displacement)
            machine.share(loops.slopes, rows, gradient.size, _flat(features), *where, gradient, to)
        return by_features, by_displacement


def _flat(maps: Tensor) -> Any:
    return bits(maps).reshape(maps.shape[0], -1, maps.shape[1])
