"""Laws of chains: points and images agree, matrices are one matrix, a grid for ITK holds the whole map."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_core.errors import DataError, UsageError
from contreg_core.transform import Chain, Grid, Linear, OnGrid, WorldField, on_upright_grid, sheared, upright
from contreg_core.transform.world import positions
from tests.properties.places import affines

shapes = st.tuples(*[st.integers(3, 7)] * 3)
parts = st.lists(st.floats(-0.3, 0.3), min_size=9, max_size=9)
shifts = st.lists(st.floats(-40, 40), min_size=3, max_size=3)


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] += np.reshape(draw(parts), (3, 3))
    matrix[:3, 3] = draw(shifts)
    return matrix


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    return Grid(draw(affines()), draw(shapes))


@st.composite
def fields(draw: st.DrawFn) -> WorldField:
    grid = draw(grids())
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return WorldField(rng.uniform(-3, 3, (3, *grid.shape)).astype(np.float32), grid)


stages = st.lists(st.one_of(matrices().map(Linear), fields().map(OnGrid)), max_size=3)


def voxels(grid: Grid) -> np.ndarray:
    return positions(grid.affine, grid.shape).reshape(3, -1).T


@settings(max_examples=40)
@given(stages, grids())
def test_voxels_go_where_their_points_go(found: list, grid: Grid) -> None:
    chain = Chain("it", tuple(found))
    moved = chain.move(voxels(grid)).points
    sampled = voxels(grid) + chain.sampled(grid).vectors.reshape(3, -1).T
    assert sampled == pytest.approx(moved, abs=1e-3)


@settings(max_examples=40)
@given(fields(), st.lists(matrices().map(Linear), max_size=2))
def test_of_its_own_grid_a_field_keeps_every_bit(field: WorldField, after: list) -> None:
    chain = Chain("it", (OnGrid(field), *after))
    assert chain.grid is field.grid
    if not after:
        assert np.abs(chain.sampled().vectors - field.vectors).max() <= 3e-5  # positions of hundreds of mm
    assert not chain.move(voxels(field.grid)[:1]).outside.any()


@settings(max_examples=40)
@given(st.lists(matrices(), max_size=4), grids())
def test_matrices_are_one_matrix_and_have_one_back(found: list[np.ndarray], grid: Grid) -> None:
    chain = Chain("it", tuple(Linear(matrix) for matrix in found))
    points = voxels(grid)
    whole = np.linalg.multi_dot([np.eye(4), np.eye(4), *reversed(found)])
    assert chain.matrix == pytest.approx(whole, abs=1e-9)
    moved = chain.move(points)
    assert not moved.outside.any()
    if abs(np.linalg.det(whole[:3, :3])) > 0.05:
        assert chain.inverse().move(moved.points).points == pytest.approx(points, abs=1e-6)


def test_what_has_no_inverse_is_refused() -> None:
    flat = Chain("it", (Linear(np.diag([1.0, 1, 0, 1])),))
    with pytest.raises(DataError, match="cannot be inverted"):
        flat.inverse()
    with pytest.raises(UsageError, match="no grid of its own"):
        flat.sampled()


@settings(max_examples=40)
@given(fields(), grids())
def test_points_outside_a_field_stay_and_are_told_of(field: WorldField, grid: Grid) -> None:
    moved = Chain("it", (OnGrid(field),)).move(voxels(grid))
    index = (voxels(grid) - field.grid.affine[:3, 3]) @ np.linalg.inv(field.grid.affine[:3, :3]).T
    beyond = ((index < -0.5) | (index > np.array(field.grid.shape) - 0.5)).any(axis=1)
    near = (np.abs(index + 0.5) < 1e-6).any(axis=1) | (
        np.abs(index - np.array(field.grid.shape) + 0.5) < 1e-6
    ).any(axis=1)
    assert np.array_equal(moved.outside[~near], beyond[~near])
    assert np.array_equal(moved.points[moved.outside], voxels(grid)[moved.outside])


@settings(max_examples=60)
@given(grids(), parts)
def test_the_box_around_a_sheared_grid_is_upright_and_holds_it(grid: Grid, shear: list[float]) -> None:
    tilted = np.eye(4)
    tilted[:3, :3] += np.triu(np.reshape(shear, (3, 3)), 1)
    given = Grid(grid.affine @ tilted, grid.shape)
    box = upright(given)
    assert not sheared(box)
    assert (box is given) == (not sheared(given))
    index = (voxels(given) - box.affine[:3, 3]) @ np.linalg.inv(box.affine[:3, :3]).T
    assert index.min() > -0.01
    assert (index.max(axis=0) < np.array(box.shape) - 0.99).all()
    sizes = [np.linalg.norm(one.affine[:3, :3], axis=0) for one in (box, given)]
    assert sizes[0] == pytest.approx(sizes[1])


@settings(max_examples=40)
@given(grids(), matrices())
def test_an_affine_map_is_kept_on_an_upright_grid(grid: Grid, matrix: np.ndarray) -> None:
    given = Grid(
        grid.affine @ np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), grid.shape
    )
    found = on_upright_grid(Chain("it", (Linear(matrix),)).sampled(given))
    expected = Chain("it", (Linear(matrix),)).sampled(found.grid)
    assert found.vectors == pytest.approx(expected.vectors, abs=2e-2)
