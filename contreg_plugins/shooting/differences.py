"""Central differences and the determinant they make, with backward passes written out.

torch's own tape of slices costs many times the arithmetic; here both ways are one pass per axis.
"""

from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Boundary: TypeAlias = Literal["zero", "periodic"]
"""Beyond the grid: nothing (and no derivative at the border), or the other side again."""


def gradient(values: Tensor, boundary: Boundary = "zero") -> Tensor:
    """Central differences ``(B, C, *space)`` -> ``(B, C, ndim, *space)``, per voxel; 0 at a "zero" border."""
    result: Tensor = _Gradient.apply(values, boundary)  # type: ignore[no-untyped-call]
    return result


def determinant(displacement: Tensor, boundary: Boundary = "zero") -> Tensor:
    """``det(I + du/dp)``, ``(B, ndim, *space)`` -> ``(B, 1, *space)``, by the differences of ``gradient``."""
    matrix = gradient(displacement, boundary)
    result: Tensor = _Determinant.apply(matrix)  # type: ignore[no-untyped-call]
    return result


class _Gradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, boundary: Boundary) -> Tensor:
        ctx.boundary = boundary
        ndim = values.ndim - 2
        out = values.new_zeros(*values.shape[:2], ndim, *values.shape[2:])
        for axis in range(ndim):
            _difference(values, out[:, :, axis], axis + 2, boundary)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (outer,) = gradients
        total = torch.zeros_like(outer[:, :, 0])
        for axis in range(outer.shape[2]):
            _adjoint(outer[:, :, axis], total, axis + 2, ctx.boundary)
        return total, None


def _difference(values: Tensor, out: Tensor, axis: int, boundary: Boundary) -> None:
    size = values.shape[axis]
    if boundary == "periodic":
        torch.sub(values.roll(-1, axis), values.roll(1, axis), out=out)
        out.mul_(0.5)
    elif size > 2:
        inner = out.narrow(axis, 1, size - 2)
        torch.sub(values.narrow(axis, 2, size - 2), values.narrow(axis, 0, size - 2), out=inner)
        inner.mul_(0.5)


def _adjoint(outer: Tensor, total: Tensor, axis: int, boundary: Boundary) -> None:
    """Add to ``total`` what the difference along ``axis`` sends back."""
    size = outer.shape[axis]
    if boundary == "periodic":
        total.add_(outer.roll(1, axis), alpha=0.5).sub_(outer.roll(-1, axis), alpha=0.5)
    elif size > 2:
        inner = outer.narrow(axis, 1, size - 2)
        total.narrow(axis, 2, size - 2).add_(inner, alpha=0.5)
        total.narrow(axis, 0, size - 2).sub_(inner, alpha=0.5)


class _Determinant(torch.autograd.Function):
    """``det(I + m)`` of ``(B, ndim, ndim, *space)``; the derivative of a determinant is the matrix of cofactors."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        ctx.save_for_backward(matrix)
        rows = _rows(matrix)
        cofactors = _cofactors(rows, 0)
        return sum_of(a * c for a, c in zip(rows[0], cofactors, strict=True))[:, None]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (matrix,) = ctx.saved_tensors
        rows, out = _rows(matrix), torch.empty_like(matrix)
        for row in range(len(rows)):
            for column, cofactor in enumerate(_cofactors(rows, row)):
                torch.mul(gradients[0][:, 0], cofactor, out=out[:, row, column])
        return out


def sum_of(terms: Any) -> Tensor:
    """The sum of some tensors, without a zero to start from."""
    first, *others = terms
    for term in others:
        first = first + term
    result: Tensor = first
    return result


def _rows(matrix: Tensor) -> list[list[Tensor]]:
    ndim = matrix.shape[1]
    return [[matrix[:, i, j] + float(i == j) for j in range(ndim)] for i in range(ndim)]


def _cofactors(rows: list[list[Tensor]], row: int) -> list[Tensor]:
    """The cofactors of one row, cyclic for three axes so that no sign is left."""
    if len(rows) == 2:
        (a, b), sign = rows[1 - row], 1 - 2 * row
        return [sign * b, -sign * a]
    p, q = rows[(row + 1) % 3], rows[(row + 2) % 3]
    return [p[(j + 1) % 3] * q[(j + 2) % 3] - p[(j + 2) % 3] * q[(j + 1) % 3] for j in range(3)]
