"""Products of two maps of many channels over small shifts, on the CPU, with both gradients."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from contreg_core.kernels.channels import last, takes


def correlates(moving: Tensor, fixed: Tensor) -> bool:
    """True where ``correlated`` may be called: the loops trust the shapes they are given."""
    return takes(moving, fixed) and moving.shape == fixed.shape


def correlated(moving: Tensor, fixed: Tensor, radius: int) -> Tensor:
    """Mean over channels of ``fixed(p) * moving(p + d)``: ``(B, C, D, H, W)`` twice -> ``(B, shifts, D, H, W)``.

    Zeros outside; computed in float32 and rounded once; channels last in memory.
    """
    values: Tensor = _Correlated.apply(moving, fixed, radius)  # type: ignore[no-untyped-call]
    return values


class _Correlated(Function):
    """Saves its two arguments only."""

    @staticmethod
    def forward(ctx: Any, moving: Tensor, fixed: Tensor, radius: int) -> Tensor:
        from contreg_core.kernels.loops import machine, shifts

        ctx.save_for_backward(moving, fixed)
        ctx.radius = radius
        one, other = _rows(moving), _rows(fixed)
        values = torch.empty((*other.shape[:4], (2 * radius + 1) ** 3))
        machine.share(shifts.correlate, _slices(other), values.numel(), one, other, radius, values.numpy())
        return values.movedim(-1, 1).to(fixed.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        gradient = _rows(gradients[0])
        moving, fixed = ctx.saved_tensors
        by_moving, by_fixed = ctx.needs_input_grad[:2]
        return (
            _spread(fixed, gradient, ctx.radius, -1) if by_moving else None,
            _spread(moving, gradient, ctx.radius, 1) if by_fixed else None,
            None,
        )


def _spread(other: Tensor, gradient: NDArray[Any], radius: int, sign: int) -> Tensor:
    from contreg_core.kernels.loops import machine, shifts

    rows = _rows(other)
    values = torch.empty(rows.shape)
    machine.share(shifts.spread, _slices(rows), values.numel(), rows, gradient, radius, sign, values.numpy())
    return values.movedim(-1, 1).to(other.dtype)


def _rows(maps: Tensor) -> NDArray[Any]:
    """``(B, C, *space)`` -> ``(B, *space, C)`` in float32."""
    return last(maps.detach()).movedim(1, -1).float().numpy()


def _slices(rows: NDArray[Any]) -> int:
    return int(rows.shape[0] * rows.shape[1])
