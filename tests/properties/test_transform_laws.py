"""Laws of maps of the world, on grids of any place, spacing and orientation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_core.transform import (
    Grid,
    WorldField,
    best_affine,
    compose,
    invert,
    jacobian_determinant,
    map_points,
    resample,
)
from contreg_core.transform.world import positions
from tests.properties.places import affines

numbers = st.integers(0, 1000)
maps = st.builds(
    lambda values: np.eye(3) + np.reshape(values, (3, 3)),
    st.lists(st.floats(-0.2, 0.2), min_size=9, max_size=9),
)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    return Grid(draw(affines()), draw(st.tuples(*[st.integers(6, 9)] * 3)))


def noise(grid: Grid, seed: int, size: float = 0.2) -> WorldField:
    """Small against the spacing, so that nothing folds, and 0 at the border, so that nothing leaves."""
    vectors = np.zeros((3, *grid.shape), np.float32)
    inner = (slice(None), *[slice(2, -2)] * 3)
    step = np.linalg.norm(grid.affine[:3, :3], axis=0).min()
    vectors[inner] = size * step * np.random.default_rng(seed).uniform(-1, 1, vectors[inner].shape)
    return WorldField(vectors, grid)


def linear(grid: Grid, matrix: np.ndarray) -> WorldField:
    """The map ``p -> matrix (p - centre) + centre``."""
    points = positions(grid.affine, grid.shape)
    around = points - points.mean(axis=(1, 2, 3), keepdims=True)
    return WorldField((np.tensordot(matrix, around, axes=1) - around).astype(np.float32), grid)


@settings(max_examples=30)
@given(grids(), numbers)
def test_nothing_is_neutral_in_composition(grid: Grid, seed: int) -> None:
    field, still = noise(grid, seed), WorldField(np.zeros((3, *grid.shape), np.float32), grid)
    for both in (compose(field, still), compose(still, field), resample(field, grid)):
        assert both.vectors == pytest.approx(field.vectors, abs=1e-4)


@settings(max_examples=30)
@given(grids(), numbers, numbers)
def test_a_composition_moves_points_as_its_parts_do(grid: Grid, a: int, b: int) -> None:
    first, then = noise(grid, a), noise(grid, b)
    points = positions(grid.affine, grid.shape).reshape(3, -1).T
    moved = points + compose(first, then).vectors.reshape(3, -1).T
    assert moved == pytest.approx(map_points(first, map_points(then, points)), abs=1e-3)


@settings(max_examples=20)
@given(grids(), numbers)
def test_the_inverse_leads_back_to_every_voxel(grid: Grid, seed: int) -> None:
    field = noise(grid, seed)
    points = positions(grid.affine, grid.shape).reshape(3, -1).T
    back = map_points(invert(field, grid), points)
    assert map_points(field, back) == pytest.approx(points, abs=1e-2)


@settings(max_examples=30)
@given(grids(), maps)
def test_of_a_linear_map_determinant_and_matrix_are_found(grid: Grid, matrix: np.ndarray) -> None:
    field = linear(grid, matrix)
    assert jacobian_determinant(field) == pytest.approx(np.linalg.det(matrix), abs=2e-3)
    assert best_affine(field)[:3, :3] == pytest.approx(matrix, abs=1e-4)


@settings(max_examples=30)
@given(grids(), affines(), numbers)
def test_voxels_of_another_image_are_where_the_points_are(grid: Grid, other: np.ndarray, seed: int) -> None:
    field = noise(grid, seed, 3.0)
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij")) + field.voxels(other)
    points = np.tensordot(other[:3, :3], index, axes=1) + other[:3, 3].reshape(3, 1, 1, 1)
    assert points == pytest.approx(positions(grid.affine, grid.shape) + field.vectors, abs=1e-2)
