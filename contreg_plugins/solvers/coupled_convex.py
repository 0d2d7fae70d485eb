"""Dense displacement search on a coarse grid, made regular by coupled convex optimisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial
from contreg_plugins.layers.axiswise import along_axes, box, hats

COUPLINGS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""How strongly the search holds to the smooth field, round after round (Siebert et al. 2021)."""


@dataclass(frozen=True)
class Search:
    """Displacements ``{-radius..radius} * step`` voxels an axis, tried at every ``spacing``-th voxel.

    ``spacing`` is a multiple of ``step``.
    """

    spacing: int = 4
    step: int = 2
    radius: int = 4

    def displacements(self, like: Tensor) -> Tensor:
        """``(D, ndim)`` voxels for a ``(B, C, *space)`` tensor, the order of the cost volume."""
        reach = range(-self.radius, self.radius + 1)
        return like.new_tensor(list(product(reach, repeat=like.ndim - 2))) * self.step

    def points(self, space: Sequence[int]) -> tuple[int, ...]:
        """The size of the coarse grid: its points lie at ``0, spacing, 2 spacing, ...`` inside ``space``."""
        return tuple(-(-size // self.spacing) for size in space)


def cost_volume(fixed: Tensor, moving: Tensor, search: Search) -> Tensor:
    """``(B, C, *space)`` features twice -> ``(B, D, *points)``: the mean over C of ``(fixed(p) - moving(p + d))^2``.

    Both are means over cubes of about ``spacing`` voxels; beyond the border they go on as at the border.
    """
    sought = _every(_blurred(fixed, search.spacing), search.spacing)
    fine = _every(_blurred(moving, search.spacing), search.step)
    ratio, ndim = search.spacing // search.step, fixed.ndim - 2
    # The last window may end beyond the grid, so the high side gets room for a whole step of the coarse grid.
    padded = F.pad(fine, [search.radius, search.radius + ratio] * ndim, mode="replicate")
    points = sought.shape[2:]
    costs = []
    for start in product(range(2 * search.radius + 1), repeat=ndim):
        part = padded
        for axis, (first, size) in enumerate(zip(start, points, strict=True), start=2):
            part = part.narrow(axis, first, ratio * (size - 1) + 1)
        costs.append((sought - _every(part, ratio)).square_().mean(1))
    return torch.stack(costs, dim=1)


def coupled_convex(
    costs: Tensor, displacements: Tensor, scale: float, couplings: Sequence[float] = COUPLINGS
) -> Tensor:
    """``(B, D, *points)`` costs -> the smooth field ``(B, ndim, *points)`` they agree on, in voxels.

    Heinrich et al. (MICCAI 2014): in turn the best displacement of every point, ``cost + coupling |d - u|^2``, and
    ``u``, the mean of the found ones over the neighbours; the coupling rises, so that both become one.
    """
    batch, _, *points = costs.shape
    ndim = len(points)
    flat = costs.flatten(2)
    field = costs.new_zeros(batch, ndim, *points)
    matrices = [box(size, 1).to(costs) for size in points]
    square = displacements.square().sum(1)[:, None]
    for coupling in couplings:
        # |d - u|^2 without |u|^2, which moves no minimum
        distance = square - 2 * displacements @ field.flatten(2)
        best = torch.add(flat, distance, alpha=coupling * scale).argmin(1)
        chosen = displacements[best].movedim(-1, 1).reshape(batch, ndim, *points)
        field = along_axes(chosen, matrices)
    return field


def consistent(there: Tensor, back: Tensor, spacing: int, iterations: int) -> tuple[Tensor, Tensor]:
    """Two fields ``(B, ndim, *points)`` in voxels, drawn to each other's inverse.

    ``u <- (u - w(p + u)) / 2`` and the same for ``w``, both at once (Heinrich et al. 2014).
    """
    there, back = there / spacing, back / spacing
    for _ in range(iterations):
        there, back = (
            (there - spatial.warp(back, there)) / 2,
            (back - spatial.warp(there, back)) / 2,
        )
    return there * spacing, back * spacing


def spread(field: Tensor, space: Sequence[int], spacing: int) -> Tensor:
    """A field ``(B, ndim, *points)`` in voxels on the image grid: linear between the points, flat beyond the last."""
    matrices = [_hats(size, points, spacing) for size, points in zip(space, field.shape[2:], strict=True)]
    return along_axes(field, [matrix.to(field) for matrix in matrices])


def _hats(size: int, points: int, spacing: int) -> Tensor:
    """Linear interpolation from the points inside the grid only."""
    inner = hats(size, spacing)
    kept = inner[:, :points].clone()
    kept[:, -1] += inner[:, points:].sum(1)
    return kept


def _every(values: Tensor, step: int) -> Tensor:
    whole = slice(None)
    return values[(whole, whole, *[slice(None, None, step)] * (values.ndim - 2))]


def _blurred(values: Tensor, width: int) -> Tensor:
    """A triangle about ``width`` wide."""
    return along_axes(values, [box(size, width // 2).to(values) for size in values.shape[2:]])
