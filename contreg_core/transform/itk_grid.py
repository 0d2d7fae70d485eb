"""Grids as ITK has them: spacing, origin and unit directions, in LPS."""

from itertools import product

import numpy as np
import SimpleITK as sitk

from contreg_core.transform.operations import best_affine, resample
from contreg_core.transform.world import Affine, Grid, WorldField, affine_part
from contreg_core.volume import spacing

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""RAS to LPS and back, homogeneous."""
_SHEAR = 1e-4


def columns(grid: Grid) -> Affine:
    """Unit vectors of the three axes, as columns; at right angles unless the grid is sheared."""
    found: Affine = (LPS @ grid.affine)[:3, :3] / spacing(grid.affine)
    return found


def sheared(grid: Grid) -> bool:
    """Whether its axes are not at right angles: ITK, and the qform of a NIfTI, cannot hold such a grid."""
    found = columns(grid)
    return bool(abs(found.T @ found - np.eye(3)).max() > _SHEAR)


def upright(grid: Grid) -> Grid:
    """The grid itself, or of a sheared one the box around it along the nearest right-angled axes, at its spacing."""
    if not sheared(grid):
        return grid
    left, _, right = np.linalg.svd(grid.affine[:3, :3] / spacing(grid.affine))
    turn, sizes = left @ right, np.array(spacing(grid.affine))
    corners = np.array([(*corner, 1) for corner in product(*[(0, n - 1) for n in grid.shape])])
    along = (corners @ grid.affine.T)[:, :3] @ turn
    first = along.min(axis=0)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn * sizes, turn @ first
    steps = np.ceil((along.max(axis=0) - first) / sizes - _SHEAR)
    return Grid(affine, tuple(int(n) + 1 for n in steps))


def on_upright_grid(field: WorldField) -> WorldField:
    """The same map on a grid that ITK can hold.

    Corners of the box that the sheared grid does not fill go on as the affine nearest to the map does.
    """
    if not sheared(field.grid):
        return field
    grid, nearest = upright(field.grid), best_affine(field) - np.eye(4)
    left = field.vectors - affine_part(nearest @ field.grid.affine, field.grid.shape)
    rest = resample(WorldField(left, field.grid), grid)
    return WorldField(rest.vectors + affine_part(nearest @ grid.affine, grid.shape), grid)


def place(image: sitk.Image, grid: Grid, directions: Affine) -> None:
    """Put an image of ITK where ``grid`` is; ``directions`` must be a rotation, which ITK cannot do without."""
    image.SetSpacing(spacing(grid.affine))
    image.SetOrigin((LPS @ grid.affine)[:3, 3].tolist())
    image.SetDirection(directions.ravel().tolist())
