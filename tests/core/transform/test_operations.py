"""The algebra of world maps: points, inverse, composition, Jacobian."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.errors import DataError
from contreg_core.transform import (
    Grid,
    WorldField,
    best_affine,
    compose,
    invert,
    jacobian_determinant,
    map_points,
)
from contreg_core.transform.world import positions


def affine_field(grid, matrix):
    moved = positions(matrix @ grid.affine, grid.shape)
    return WorldField((moved - positions(grid.affine, grid.shape)).astype(np.float32), grid)


def some_affine(tools, scale=1.1, degrees=(20, -10, 30), shift=(4.0, -6.0, 3.0)):
    matrix = np.eye(4)
    matrix[:3, :3] = scale * tools.rotation(degrees)
    matrix[:3, 3] = shift
    return matrix


@pytest.mark.parametrize("codes", ["RAS", "LPI", "ASL"])
def test_points_of_an_affine_field_move_by_the_affine(tools, codes):
    grid, matrix = tools.grid(codes, oblique=True), some_affine(tools)
    points = tools.inner_points(grid)
    moved = map_points(affine_field(grid, matrix), points)
    assert moved == pytest.approx(points @ matrix[:3, :3].T + matrix[:3, 3], abs=1e-4)


def test_points_outside_the_grid_stay(tools):
    grid = tools.grid()
    field = WorldField(np.ones((3, *grid.shape), np.float32), grid)
    corner = grid.affine[:3, 3]
    far = corner - 5 * grid.affine[:3, 0] / np.linalg.norm(grid.affine[:3, 0])
    assert np.array_equal(map_points(field, far[None]), far[None])
    assert map_points(field, corner[None]) == pytest.approx(corner[None] + 1)


def test_between_voxels_points_move_as_the_slow_reference_says(tools):
    grid = tools.grid("PIR", oblique=True)
    field, _ = tools.smooth(grid)
    for point in tools.inner_points(grid, 10):
        index = np.linalg.inv(grid.affine) @ [*point, 1]
        low = np.floor(index[:3]).astype(int)
        total = np.zeros(3)
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod([1 - abs(i - n - c) for i, n, c in zip(index[:3], low, corner, strict=True)])
            total += weight * field.vectors[(slice(None), *(low + corner))]
        assert map_points(field, point[None])[0] == pytest.approx(point + total, abs=1e-6)


@pytest.mark.parametrize("other", [False, True])
def test_forward_after_inverse_is_the_identity(tools, other):
    fixed = tools.grid("LAS", oblique=True, shape=(20, 22, 18))
    moving = tools.grid("PSR", (2.2, 1.9, 2.4), (14, 12, 15)) if other else fixed
    field, _ = tools.smooth(fixed)
    back = invert(field, moving)
    points = tools.inner_points(moving, margin=0.3)
    index = np.linalg.inv(moving.affine)
    # At the inverse's own voxels it is exact; between them it is a linear interpolation of it.
    voxels = np.rint(points @ index[:3, :3].T + index[:3, 3]) @ moving.affine[:3, :3].T + moving.affine[:3, 3]
    assert np.abs(map_points(field, map_points(back, voxels)) - voxels).max() < 1e-3


def test_a_large_rotation_is_inverted(tools):
    grid, matrix = tools.grid(shape=(16, 16, 16)), some_affine(tools, 1.3, (40, 20, -60))
    back = invert(affine_field(grid, matrix), grid)
    points = tools.inner_points(grid, margin=0.4)
    inverse = np.linalg.inv(matrix)
    assert map_points(back, points) == pytest.approx(points @ inverse[:3, :3].T + inverse[:3, 3], abs=1e-3)


def test_a_field_that_folds_everywhere_has_no_inverse(tools):
    grid = tools.grid("RAS", (1.0, 1.0, 1.0), (24, 24, 24), offset=(0, 0, 0))
    x = positions(grid.affine, grid.shape)[0]
    vectors = np.zeros((3, *grid.shape), np.float32)
    vectors[0] = 6 * np.sin(x * 1.5)
    with pytest.raises(DataError, match="cannot be inverted"):
        invert(WorldField(vectors, grid), grid)


def test_composition_is_one_map_after_the_other(tools):
    first_grid, then_grid = tools.grid("RAS", shape=(20, 20, 20)), tools.grid("LIP", shape=(12, 12, 10))
    (first, f), (then, t) = tools.smooth(first_grid, 1.5), tools.smooth(then_grid, 2.0, seed=5)
    index, points = tools.voxel_points(then_grid)
    both = compose(first, then)
    expected = map_points(first, map_points(then, points))
    assert both.grid is then_grid
    assert points + both.vectors[(slice(None), *index.T)].T == pytest.approx(expected, abs=1e-4)
    exact = points.T + t(points.T)
    exact = (exact + f(exact)).T
    assert np.abs(expected - exact).max() < 0.1  # linear interpolation of waves of 50 mm and more


@given(st.floats(0.5, 2.0), st.floats(-40, 40), st.floats(-10, 10))
def test_best_affine_recovers_an_affine(scale, degrees, shift):
    grid = Grid(np.diag([2.0, 1.5, 1.0, 1.0]), (6, 5, 7))
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix[:3, 3] = shift, -shift, 2 * shift
    assert best_affine(affine_field(grid, matrix)) == pytest.approx(matrix, abs=1e-4)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "ASL"])
def test_jacobian_of_an_affine_is_its_determinant(tools, codes):
    matrix = some_affine(tools, 1.2)
    found = jacobian_determinant(affine_field(tools.grid(codes, oblique=True), matrix))
    assert found == pytest.approx(1.2**3, abs=1e-4)


def test_a_reflection_counts_as_a_fold(tools):
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    assert jacobian_determinant(affine_field(tools.grid("LPS"), mirror)) == pytest.approx(-1, abs=1e-4)
