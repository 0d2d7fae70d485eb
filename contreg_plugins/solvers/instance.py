"""Instance optimisation: the displacement of one pair refined by Adam on its features."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_plugins.layers.axiswise import along_axes, box, hats
from contreg_plugins.losses.smoothness import gradient_l2

Offset = tuple[int, ...]


class ControlGrid:
    """A displacement as values at every ``spacing``-th voxel, smoothed ``passes`` times over three neighbours.

    Three passes make nearly a cubic B-spline of the values (Siebert et al. 2021). Between the points it is linear.
    """

    def __init__(self, space: Sequence[int], spacing: int, passes: int) -> None:
        self.spacing = spacing
        self.hats = [hats(size, spacing) for size in space]
        self.boxes = [box(matrix.shape[1], passes) for matrix in self.hats]
        self.offsets = list(product(range(spacing), repeat=len(space)))

    def read(self, displacement: Tensor) -> Tensor:
        """The displacement ``(1, ndim, *space)`` at the control points; the last may lie beyond the border."""
        nearest = [matrix.argmax(0) for matrix in self.hats]
        for axis, index in enumerate(nearest, start=2):
            displacement = displacement.index_select(axis, index.to(displacement.device))
        return displacement

    def smoothed(self, values: Tensor) -> Tensor:
        """The displacement at the control points."""
        return along_axes(values, [matrix.to(values) for matrix in self.boxes])

    def dense(self, smoothed: Tensor, offset: Offset | None = None) -> Tensor:
        """The displacement at every voxel, or at every ``spacing``-th one from ``offset`` on."""
        if offset is None:
            return along_axes(smoothed, [matrix.to(smoothed) for matrix in self.hats])
        rows = [matrix[start :: self.spacing] for matrix, start in zip(self.hats, offset, strict=True)]
        return along_axes(smoothed, [matrix.to(smoothed) for matrix in rows])


@dataclass(frozen=True)
class Points:
    """The fixed features at every ``spacing``-th voxel, where they say something: ``(C, N)``, at ``index`` of those."""

    offset: Offset
    index: Tensor
    where: Tensor
    features: Tensor


def points_of(fixed: Tensor, grid: ControlGrid, offset: Offset) -> Points:
    """Those of the features ``(1, C, *space)``; where all C are alike, as in an empty background, nothing is said."""
    whole = slice(None)
    cut = (whole, whole, *[slice(start, None, grid.spacing) for start in offset])
    features = fixed[cut].flatten(2)[0]
    index = (features.amax(0) > features.amin(0)).nonzero()[:, 0]
    where = spatial.identity_grid(fixed.shape[2:], fixed)[cut].flatten(2)[0]
    return Points(offset, index, where[:, index], features[:, index])


@dataclass(frozen=True)
class Refinement:
    """Settings of the instance optimisation; see ``ConvexAdam``."""

    steps: int
    rate: float
    smoothness: float
    spacing: int
    passes: int

    @torch.enable_grad()
    def __call__(self, fixed: Tensor, moving: Tensor, start: Tensor) -> Tensor:
        """Features ``(1, C, *space)`` twice and where to start ``(1, ndim, *space)`` -> a displacement like it.

        A step looks at one of the ``spacing^ndim`` interleaved lattices of voxels, each in turn.
        """
        grid = ControlGrid(fixed.shape[2:], self.spacing, self.passes)
        every = [points_of(fixed, grid, offset) for offset in grid.offsets]
        lattices = [points for points in every if len(points.index)]
        if not lattices:  # a flat image
            return start
        first = grid.read(start)
        last = self._descended(grid, first, moving, lattices)
        with torch.no_grad():
            if self._total(grid, last, moving, lattices) < self._total(grid, first, moving, lattices):
                return grid.dense(grid.smoothed(last))
        return start

    def _descended(
        self, grid: ControlGrid, first: Tensor, moving: Tensor, lattices: Sequence[Points]
    ) -> Tensor:
        values = first.clone().requires_grad_()
        adam = torch.optim.Adam([values], lr=self.rate)
        for step in range(self.steps):
            loss = self._loss(grid, values, moving, lattices[_turn(step, len(lattices))])
            (values.grad,) = torch.autograd.grad(loss, values)
            adam.param_groups[0]["lr"] = self.rate * (1 + math.cos(math.pi * step / self.steps)) / 2
            adam.step()
        return values.detach()

    def _total(self, grid: ControlGrid, values: Tensor, moving: Tensor, lattices: Sequence[Points]) -> float:
        """Of all voxels that say something, each once."""
        terms = [len(points.index) * float(self._loss(grid, values, moving, points)) for points in lattices]
        return sum(terms)

    def _loss(self, grid: ControlGrid, values: Tensor, moving: Tensor, points: Points) -> Tensor:
        smoothed = grid.smoothed(values)
        displacement = grid.dense(smoothed, points.offset).flatten(2)[0][:, points.index]
        landed = (points.where + displacement).view(
            1, -1, displacement.shape[1], *[1] * (len(displacement) - 1)
        )
        found = spatial.sample(moving, landed).flatten(2)[0]
        return (found - points.features).square().mean() + self.smoothness * gradient_l2(smoothed)


def _turn(step: int, lattices: int) -> int:
    """An order in which following lattices lie apart: an odd stride visits all of a power of two."""
    return step * 5 % lattices
