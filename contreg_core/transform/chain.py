"""A transform as its file has it: stages one after the other, each defined everywhere or on a grid of its own."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError, UsageError
from contreg_core.transform.operations import Points, inside, map_points, resample
from contreg_core.transform.world import Affine, Grid, WorldField, check_reach, positions

_FLAT = 1e-12


class Stage(Protocol):
    """One map of the world, fixed points to moving points, RAS mm."""

    def move(self, points: Points) -> Points:
        """World points ``(N, 3)`` to where they go."""

    def covers(self, points: Points) -> NDArray[np.bool_]:
        """Which of the points ``(N, 3)`` it is defined at; the others stay where they are."""

    def voxels_to(self, grid: Grid) -> Points:
        """Where the voxels of a grid go, ``(N, 3)``."""


@dataclass(frozen=True)
class Linear:
    """A 4x4 ``matrix`` of RAS mm, defined everywhere."""

    matrix: Affine

    def move(self, points: Points) -> Points:
        """``M p``."""
        moved: Points = points @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved

    def covers(self, points: Points) -> NDArray[np.bool_]:
        """All."""
        return np.ones(len(points), bool)

    def voxels_to(self, grid: Grid) -> Points:
        """``M A v``, in one product."""
        return positions(self.matrix @ grid.affine, grid.shape).reshape(3, -1).T


@dataclass(frozen=True)
class OnGrid:
    """A displacement ``field``: points outside of its grid stay where they are, as ITK has it.

    ``extended``: voxels of another grid, which images are made of, are moved as its edge is.
    """

    field: WorldField
    extended: bool = False

    def move(self, points: Points) -> Points:
        """``p + u(p)``, linear between voxels."""
        return map_points(self.field, points)

    def covers(self, points: Points) -> NDArray[np.bool_]:
        """Those within the outer faces of its voxels."""
        return inside(self.field.grid, points)

    def voxels_to(self, grid: Grid) -> Points:
        """Of its own grid to the bit."""
        own = self.field.grid
        points = positions(grid.affine, grid.shape)
        if own.shape == grid.shape and np.allclose(own.affine, grid.affine, rtol=0, atol=1e-6):
            return (points + self.field.vectors).reshape(3, -1).T
        if self.extended:
            return (points + resample(self.field, grid).vectors).reshape(3, -1).T
        return self.move(points.reshape(3, -1).T)


@dataclass(frozen=True)
class Moved:
    """``points`` ``(N, 3)``, and which of them a stage with a grid did not reach."""

    points: Points
    outside: NDArray[np.bool_]


@dataclass(frozen=True)
class Chain:
    """``stages`` in the order in which points pass them; ``name`` is the file's, for messages.

    ``notes`` say how the file was read where that is open to doubt.
    """

    name: str
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()

    @property
    def grid(self) -> Grid | None:
        """That of the first field; None where there is no field."""
        return next((stage.field.grid for stage in self.stages if isinstance(stage, OnGrid)), None)

    @property
    def matrix(self) -> Affine | None:
        """The whole as one matrix, where every stage is linear."""
        whole = np.eye(4)
        for stage in self.stages:
            if not isinstance(stage, Linear):
                return None
            whole = stage.matrix @ whole
        return whole

    def move(self, points: Points) -> Moved:
        """World points ``(N, 3)`` RAS mm of the fixed image to the moving image's."""
        outside = np.zeros(len(points), bool)
        for stage in self.stages:
            outside |= ~stage.covers(points)
            points = stage.move(points)
        return Moved(points, outside)

    def sampled(self, grid: Grid | None = None) -> WorldField:
        """The displacement on ``grid``, by default on its own.

        Raises ``UsageError`` where there is none, ``DataError`` for lengths that no brain has.
        """
        chosen = grid or self.grid
        if chosen is None:
            raise UsageError(
                f"{self.name}: has no grid of its own",
                "name the image whose grid to take: --fixed, for an inverse --moving",
            )
        first, *rest = self.stages or (Linear(np.eye(4)),)
        points = first.voxels_to(chosen)
        for stage in rest:
            points = stage.move(points)
        vectors = points.T.reshape(3, *chosen.shape) - positions(chosen.affine, chosen.shape)
        check_reach(self.name, vectors)
        return WorldField(np.ascontiguousarray(vectors, np.float32), chosen)

    def inverse(self) -> "Chain":
        """The way back of a chain of matrices, exact; raises ``DataError`` for one that flattens space."""
        assert self.matrix is not None, "a field has no such inverse"
        return Chain(self.name, (Linear(inverted(self.name, self.matrix)),))


def inverted(name: object, matrix: Affine) -> Affine:
    """The inverse of a file's matrix; raises ``DataError`` where it has none."""
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < _FLAT:
        raise DataError(f"{name}: its matrix cannot be inverted", "name another transform, or write it again")
    return np.asarray(np.linalg.inv(matrix), np.float64)
