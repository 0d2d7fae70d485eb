"""Separable linear maps of a grid: one matrix an axis, so that filters and splines are products of matrices.

At the sizes of a brain (up to some 250 samples an axis) a dense matrix is faster on a CPU than a convolution by taps,
and what happens at the border stands in its rows.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def along_axes(values: Tensor, matrices: Sequence[Tensor]) -> Tensor:
    """``(B, C, *space)`` -> ``(B, C, *out)``; ``matrices[k]`` is ``(out_k, space_k)`` and acts on axis k."""
    for axis, matrix in enumerate(matrices, start=2):
        values = _along(values, axis, matrix)
    return values


def _along(values: Tensor, axis: int, matrix: Tensor) -> Tensor:
    """The last axis is one product of two matrices; another is a batch of them, a slice each."""
    if axis == values.ndim - 1:
        return values @ matrix.T
    shape = values.shape
    lines = values.reshape(shape[:axis].numel(), shape[axis], -1)
    return (matrix @ lines).reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])


def smooth(values: Tensor, sigma: float, space: Sequence[int] | None = None) -> Tensor:
    """A Gaussian of ``sigma`` voxels, read on a grid of size ``space`` over the same extent (corners aligned).

    Its weights are renormalised at the border, so a constant stays itself.
    """
    sizes = values.shape[2:]
    rows = sizes if space is None else space
    if not sigma and tuple(rows) == tuple(sizes):
        return values
    pairs = zip(sizes, rows, strict=True)
    return along_axes(values, [gaussian(size, row, sigma).to(values) for size, row in pairs])


@lru_cache(maxsize=64)
def gaussian(size: int, rows: int, sigma: float) -> Tensor:
    """``(rows, size)`` float32: each row a Gaussian of sum 1, cut at 4 sigma; without sigma, linear interpolation."""
    place = torch.linspace(0, size - 1, rows, dtype=torch.float64)[:, None]
    offset = (place - torch.arange(size, dtype=torch.float64)).abs()
    weights = (
        torch.exp(-offset.square() / (2 * sigma**2)) * (offset <= 4 * sigma)
        if sigma
        else (1 - offset).clamp(min=0)
    )
    return (weights / weights.sum(1, keepdim=True)).float()


@lru_cache(maxsize=64)
def box(size: int, passes: int) -> Tensor:
    """``(size, size)`` float32: the mean of three neighbours (two at the border), ``passes`` times."""
    once = (_offsets(size, size, 1).abs() <= 1).double()
    once /= once.sum(1, keepdim=True)
    power: Tensor = torch.linalg.matrix_power(once, passes)
    return power.float()


@lru_cache(maxsize=64)
def hats(size: int, spacing: int) -> Tensor:
    """``(size, controls)`` float32: linear interpolation from control points at ``0, spacing, 2 spacing, ...``."""
    controls = -(-(size - 1) // spacing) + 1
    return (1 - _offsets(size, controls, spacing).abs() / spacing).clamp(min=0).float()


def _offsets(rows: int, columns: int, spacing: int) -> Tensor:
    """Where row ``i`` lies as seen from column ``j``: ``i - spacing j``, float64."""
    return torch.arange(rows).double()[:, None] - spacing * torch.arange(columns).double()[None]
