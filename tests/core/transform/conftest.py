"""Grids of any orientation, smooth fields, and what other tools make of them."""

import itertools

import numpy as np
import pytest

from contreg_core.transform import Grid, WorldField
from contreg_core.transform.world import positions

CODES = [
    "".join(c) for order in itertools.permutations(("RL", "AP", "SI")) for c in itertools.product(*order)
]
"""The 48 ways to store three axes."""


GEOMETRIES = list(
    itertools.product(
        range(48), (False, True), ((1.0, 1.0, 1.0), (1.7, 2.0, 2.6), (0.8, 3.0, 1.2)), (False, True)
    )
)
"""48 orientations, aligned or oblique, three spacings, moving on the same or another grid."""
QUICK = GEOMETRIES[::29]


class Tools:
    """Fixtures cannot take arguments; these can."""

    CODES = CODES

    @staticmethod
    def grid(
        codes="RAS", spacing=(1.7, 2.0, 2.6), shape=(11, 13, 9), *, oblique=False, offset=(3.0, -5.0, 8.0)
    ):
        """A grid whose axes point along ``codes``, centred near ``offset``; ``oblique`` turns it."""
        columns = np.zeros((3, 3))
        for axis, code in enumerate(codes):
            row, sign = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}[
                code
            ]
            columns[row, axis] = sign
        turn = Tools.rotation((11, -7, 16)) if oblique else np.eye(3)
        affine = np.eye(4)
        affine[:3, :3] = turn @ columns @ np.diag(spacing)
        affine[:3, 3] = np.array(offset) - affine[:3, :3] @ (np.array(shape) - 1) / 2
        return Grid(affine, tuple(shape))

    @staticmethod
    def pair(geometry):
        """The fixed and the moving grid of one of the geometries."""
        number, oblique, spacing, other = geometry
        fixed = Tools.grid(CODES[number], spacing, oblique=oblique)
        moving = Tools.grid("PLI", (1.3, 1.1, 2.0), (12, 10, 14), oblique=True) if other else fixed
        return fixed, moving

    @staticmethod
    def rotation(degrees):
        """A rotation about the three axes."""
        a, b, c = np.radians(degrees)
        x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
        return x @ y @ z

    @staticmethod
    def smooth(grid, size=2.5, seed=0):
        """A field of a few long waves of the world, at most about ``size`` mm, as a function and on the grid."""
        rng = np.random.default_rng(seed)
        waves, phases = rng.uniform(-0.12, 0.12, (3, 3)), rng.uniform(0, 6, 3)

        def displacement(points):
            """World points ``(3, ...)`` -> mm."""
            return size * np.stack(
                [np.sin(np.tensordot(w, points, axes=1) + p) for w, p in zip(waves, phases, strict=True)]
            )

        return WorldField(
            displacement(positions(grid.affine, grid.shape)).astype(np.float32), grid
        ), displacement

    @staticmethod
    def inner_points(grid, count=40, seed=1, margin=0.15):
        """Random world points ``(N, 3)`` well inside a grid."""
        rng = np.random.default_rng(seed)
        index = rng.uniform(margin, 1 - margin, (count, 3)) * (np.array(grid.shape) - 1)
        return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]

    @staticmethod
    def voxel_points(grid, count=60, seed=2, border=0):
        """Voxel indices ``(N, 3)``, ``border`` voxels from the faces, and their world points."""
        index = np.random.default_rng(seed).integers(border, np.array(grid.shape) - border, (count, 3))
        return index, index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


@pytest.fixture
def tools():
    """The helpers above."""
    return Tools


@pytest.fixture(
    params=[pytest.param(QUICK, id="quick"), pytest.param(GEOMETRIES, id="all", marks=pytest.mark.all)]
)
def geometries(request):
    """Some of the geometries, and all of them under their marker."""
    return request.param
