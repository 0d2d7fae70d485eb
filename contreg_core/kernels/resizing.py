"""Linear resizing on the CPU, corners aligned: one axis after the other, and back again for the gradient."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

from contreg_core.kernels.fit import array

_BLOCK = 2**12


def resized(values: Tensor, space: Sequence[int]) -> Tensor:
    """``(B, C, *old)`` -> ``(B, C, *space)``, linear, corners aligned."""
    grown: Tensor = _Resized.apply(values, tuple(space))  # type: ignore[no-untyped-call]
    return grown


class _Resized(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, space: tuple[int, ...]) -> Tensor:
        ctx.old = tuple(values.shape[2:])
        return _through(values, space, adjoint=False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        values: Tensor = _ResizedAdjoint.apply(gradients[0], ctx.old)  # type: ignore[no-untyped-call]
        return values, None


class _ResizedAdjoint(Function):
    """Linear too, so that its own gradient is the resizing."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, old: tuple[int, ...]) -> Tensor:
        ctx.space = tuple(gradient.shape[2:])
        return _through(gradient, old, adjoint=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return resized(gradients[0], ctx.space), None


def _through(values: Tensor, space: tuple[int, ...], *, adjoint: bool) -> Tensor:
    """Every axis in turn; the last axis is first where the grid grows, so that most work is done on the small one."""
    axes = range(2, values.ndim)
    for axis in axes if adjoint else reversed(axes):
        values = _along(values, axis, space[axis - 2], adjoint)
    return values


def _along(values: Tensor, axis: int, size: int, adjoint: bool) -> Tensor:
    from contreg_core.kernels.loops import machine, resizing

    shape = values.shape
    if shape[axis] == size:
        return values.contiguous()
    out = values.new_zeros(*shape[:axis], size, *shape[axis + 1 :])
    inner = shape[axis + 1 :].numel()
    blocks = -(-inner // _BLOCK)
    outer = shape[:axis].numel()
    low, part = _weights(*((size, shape[axis]) if adjoint else (shape[axis], size)))
    flat, grown = (array(one).reshape(outer, -1, inner) for one in (values, out))
    loop = resizing.gather if adjoint else resizing.stretch
    machine.share(loop, outer * blocks, out.numel(), blocks, flat, low, part.astype(flat.dtype), grown)
    return out


def _weights(old: int, new: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """For each new place the lower old neighbour and the share of the upper one."""
    place = np.arange(new) * ((old - 1) / max(new - 1, 1))
    low = np.minimum(np.floor(place), max(old - 2, 0))
    return low.astype(np.uint64), place - low
