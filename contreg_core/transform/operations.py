"""What can be done with a map of the world: points, inverse, composition, Jacobian (directions.md)."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.errors import DataError
from contreg_core.transform.world import Affine, Grid, WorldField, positions

Points = NDArray[np.float64]
_ITERATIONS = 60
_TOLERANCE_MM = 1e-4
_SAMPLES = 20_000


def map_points(field: WorldField, points: Points) -> Points:
    """World points ``(N, 3)`` RAS mm of the image the field lives on -> points of the other image.

    Linear between voxels; points outside the field's grid stay where they are, as ITK has it.
    """
    moved = points + _sample(field, _index(field.grid, points.T)).T
    return np.where(inside(field.grid, points)[:, None], moved, points)


def inside(grid: Grid, points: Points) -> NDArray[np.bool_]:
    """Which world points ``(N, 3)`` lie within the outer faces of the grid's voxels."""
    found = np.ones(len(points), bool)
    for axis, size in zip(_index(grid, points.T), grid.shape, strict=True):
        found &= (axis >= -0.5) & (axis <= size - 0.5)
    return found


def compose(first: WorldField, then: WorldField) -> WorldField:
    """``p -> first(then(p))`` on the grid of ``then``: warping by the result is warping by ``first``, then ``then``.

    ``then`` leads from its grid into the space ``first`` lives in; beyond its grid ``first`` goes on as at its edge.
    """
    moved = _sample(first, _index(first.grid, _moved(then)))
    return WorldField((then.vectors + moved.reshape(then.vectors.shape)).astype(np.float32), then.grid)


def resample(field: WorldField, grid: Grid) -> WorldField:
    """The same map on another grid of the fixed side; beyond its own grid it goes on as at its edge."""
    return compose(field, WorldField(np.zeros((3, *grid.shape), np.float32), grid))


def invert(field: WorldField, grid: Grid) -> WorldField:
    """The inverse map on ``grid`` (the moving image's), to 1e-4 mm where the field can be inverted.

    Quasi-Newton steps ``q <- q + L^-1 (m - q - u(q))`` with the best-fitting affine's linear part ``L``, so that a
    large rotation or scaling inside the field does no harm. Raises ``DataError`` where they do not converge.
    """
    fitted = best_affine(field)
    step = np.linalg.inv(fitted)[:3, :3]
    target = positions(grid.affine, grid.shape).reshape(3, -1)
    found = np.linalg.inv(fitted)[:3, :3] @ target + np.linalg.inv(fitted)[:3, 3:]
    for _ in range(_ITERATIONS):
        left = target - found - _sample(field, _index(field.grid, found))
        found += step @ left
        if abs(left).max() < _TOLERANCE_MM:
            break
    _check_converged(field, left, found)
    return WorldField((found - target).reshape(3, *grid.shape).astype(np.float32), grid)


def best_affine(field: WorldField) -> Affine:
    """The affine (RAS mm to RAS mm) nearest to the map in the least-squares sense."""
    points = positions(field.grid.affine, field.grid.shape).reshape(3, -1)
    stride = max(1, points.shape[1] // _SAMPLES)
    points = points[:, ::stride]
    moved = points + field.vectors.reshape(3, -1)[:, ::stride]
    design = np.vstack([points, np.ones(points.shape[1])]).T
    solution = np.linalg.lstsq(design, moved.T, rcond=None)[0]
    matrix = np.eye(4)
    matrix[:3] = solution.T
    return matrix


def jacobian_determinant(field: WorldField) -> NDArray[np.float32]:
    """``det(I + (du/dv) L^-1)`` at every voxel of the field's grid: volume of the moving image a unit of fixed volume
    comes from; 1 keeps it, 0 or less is a fold. Equal in RAS and LPS. Central differences, one-sided at the border.
    """
    inverse = np.linalg.inv(field.grid.affine[:3, :3])
    by_voxel = np.stack([np.stack(np.gradient(component)) for component in field.vectors])
    by_mm = np.einsum("cvxyz,vw->xyzcw", by_voxel, inverse)
    determinant: NDArray[np.float32] = np.linalg.det(by_mm + np.eye(3)).astype(np.float32)
    return determinant


def _check_converged(field: WorldField, left: Points, found: Points) -> None:
    """Only points that came from inside the field's grid count: beyond it there is nothing to invert."""
    index = _index(field.grid, found)
    inside = np.ones(index.shape[1], bool)
    for axis, size in zip(index, field.grid.shape, strict=True):
        inside &= (axis >= 0) & (axis <= size - 1)
    missed = abs(left).max(axis=0)[inside] > 100 * _TOLERANCE_MM
    if missed.size and missed.mean() > 0.01:
        raise DataError(
            f"the field cannot be inverted: {missed.mean():.1%} of its points are reached twice or never",
            "look for folds: contreg transform inspect",
        )


def _moved(field: WorldField) -> Points:
    """``A v + u(v)``, ``(3, N)``."""
    return (positions(field.grid.affine, field.grid.shape) + field.vectors).reshape(3, -1)


def _index(grid: Grid, points: Points) -> Points:
    inverse = np.linalg.inv(grid.affine)
    return inverse[:3, :3] @ points + inverse[:3, 3:]


def _sample(field: WorldField, index: Points) -> Points:
    """The displacement at voxel positions ``(3, N)``, linear, the edge extended."""
    return np.stack(
        [
            ndimage.map_coordinates(part.astype(np.float64), index, order=1, mode="nearest")
            for part in field.vectors
        ]
    )
