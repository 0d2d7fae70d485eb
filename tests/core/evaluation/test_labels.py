"""Label maps through a displacement, against the slow one-hot form."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from contreg_core.errors import DataError, UsageError
from contreg_core.labels import warp_labels

Ids = NDArray[np.uint8]
Displacement = NDArray[np.float32]


def one_hot_argmax(labels: Ids, displacement: Displacement) -> Ids:
    """Interpolate the one-hot map of every id linearly, border padding; the largest wins, ties lowest id."""
    sizes = np.array(labels.shape).reshape(-1, *[1] * labels.ndim)
    places = np.clip(np.indices(labels.shape) + displacement.astype(np.float64), 0, sizes - 1)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, sizes - 1)
    part = places - low
    ids = np.unique(labels)
    votes = np.zeros((len(ids), *labels.shape))
    for corner in itertools.product((0, 1), repeat=labels.ndim):
        weight = np.prod([part[k] if up else 1 - part[k] for k, up in enumerate(corner)], axis=0)
        index = tuple(high[k] if up else low[k] for k, up in enumerate(corner))
        votes += weight * (labels[index] == ids.reshape(-1, *[1] * labels.ndim))
    winners: Ids = ids[votes.argmax(axis=0)]
    return winners


@st.composite
def warps(draw: st.DrawFn, dims: tuple[int, ...] = (2, 3)) -> tuple[Ids, Displacement]:
    """A label map, and a displacement in quarters of a voxel: ties and steps off the grid happen often."""
    ndim = draw(st.sampled_from(dims))
    space = draw(hnp.array_shapes(min_dims=ndim, max_dims=ndim, min_side=1, max_side=5))
    labels = draw(hnp.arrays(np.uint8, space, elements=st.integers(0, 4)))
    quarters = draw(hnp.arrays(np.int64, (ndim, *space), elements=st.integers(-30, 30)))
    return labels, (quarters / 4).astype(np.float32)


@given(warps())
@settings(max_examples=100, deadline=None)
def test_votes_equal_the_one_hot_argmax(case: tuple[Ids, Displacement]) -> None:
    labels, displacement = case
    np.testing.assert_array_equal(warp_labels(labels, displacement), one_hot_argmax(labels, displacement))


@pytest.mark.parametrize("shape", [(17, 13), (11, 9, 12)])
def test_votes_equal_the_one_hot_argmax_on_random_fields(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 6, shape).astype(np.uint8)
    displacement = rng.normal(0, 2, (len(shape), *shape)).astype(np.float32)
    np.testing.assert_array_equal(warp_labels(labels, displacement), one_hot_argmax(labels, displacement))


@given(warps())
@settings(max_examples=50, deadline=None)
def test_nearest_reads_the_rounded_voxel_inside_the_grid(case: tuple[Ids, Displacement]) -> None:
    labels, displacement = case
    places = np.rint(np.indices(labels.shape) + displacement.astype(np.float64)).astype(int)
    index = tuple(np.clip(axis, 0, size - 1) for axis, size in zip(places, labels.shape, strict=True))
    np.testing.assert_array_equal(warp_labels(labels, displacement, "nearest"), labels[index])


@given(warps())
@settings(max_examples=25, deadline=None)
def test_both_modes_agree_on_whole_voxels_and_change_nothing_at_rest(case: tuple[Ids, Displacement]) -> None:
    labels, displacement = case
    whole = np.rint(displacement)
    np.testing.assert_array_equal(warp_labels(labels, whole), warp_labels(labels, whole, "nearest"))
    np.testing.assert_array_equal(warp_labels(labels, np.zeros_like(displacement)), labels)


def test_a_step_up_the_axis_moves_content_down_and_repeats_the_border() -> None:
    labels = np.arange(1, 6, dtype=np.uint8)[:, None, None] * np.ones((5, 3, 4), np.uint8)
    displacement = np.zeros((3, 5, 3, 4), np.float32)
    displacement[0] = 1
    assert warp_labels(labels, displacement)[:, 1, 2].tolist() == [2, 3, 4, 5, 5]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_channel_moves_its_own_axis(axis: int) -> None:
    labels = np.random.default_rng(0).integers(0, 9, (4, 5, 6)).astype(np.uint8)
    displacement = np.zeros((3, 4, 5, 6), np.float32)
    displacement[axis] = 1
    inside = (slice(0, -1),) * 3
    np.testing.assert_array_equal(
        warp_labels(labels, displacement)[inside], np.roll(labels, -1, axis)[inside]
    )


@pytest.mark.parametrize("ids", [(3, 7), (7, 3)])
def test_a_tie_goes_to_the_lowest_id(ids: tuple[int, int]) -> None:
    labels = np.array([ids, ids], np.uint8).T
    assert warp_labels(labels, np.full((2, 2, 2), 0.5, np.float32))[0, 0] == 3


@pytest.mark.parametrize("mode", ["linear", "nearest"])
@pytest.mark.parametrize("dtype", ["uint8", ">i2", "int64"])
def test_ids_and_type_are_kept(mode: str, dtype: str) -> None:
    labels = np.array([[0, 5], [100, 7]], dtype)
    warped = warp_labels(labels.T, np.zeros((2, 2, 2), np.float32), mode)  # type: ignore[arg-type]
    assert warped.dtype == labels.dtype
    assert warped.tolist() == labels.T.tolist()


@pytest.mark.parametrize("mode", ["linear", "nearest"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_displacement_that_is_not_finite_is_refused(mode: str, value: float) -> None:
    displacement = np.zeros((2, 3, 3), np.float32)
    displacement[1, 2, 2] = value
    with pytest.raises(DataError, match="1 of 9 voxels"):
        warp_labels(np.ones((3, 3), np.uint8), displacement, mode)  # type: ignore[arg-type]


def test_what_does_not_fit_is_refused() -> None:
    labels, displacement = np.ones((3, 3), np.uint8), np.zeros((2, 3, 3), np.float32)
    with pytest.raises(UsageError, match="cubic"):
        warp_labels(labels, displacement, "cubic")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="one grid"):
        warp_labels(labels, displacement[:, :2])
    with pytest.raises(DataError, match="integers"):
        warp_labels(labels.astype(np.float32), displacement)  # type: ignore[type-var]


@pytest.mark.parametrize("grid", [(7, 4, 9), (3, 8, 5)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_the_map_may_lie_on_another_grid_than_the_displacement(mode: str, grid: tuple[int, ...]) -> None:
    from contreg_core.evaluation import kernels

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (5, 6, 7)).astype(np.uint8)
    displacement = rng.uniform(-4, 4, (3, *grid)).astype(np.float32)
    out = np.full(grid, 99, np.uint8)
    (kernels.nearest if mode == "nearest" else kernels.vote)(labels, displacement, out)
    for place in np.ndindex(*grid):
        point = np.clip(np.add(place, displacement[(slice(None), *place)], dtype=np.float64), 0, (4, 5, 6))
        assert out[place] == (
            labels[tuple(np.rint(point).astype(int))] if mode == "nearest" else voted(labels, point)
        )


def voted(labels: Ids, point: NDArray[np.float64]) -> int:
    """The id with most linear weight around ``point``, the lowest of equals."""
    low = np.minimum(np.floor(point), np.subtract(labels.shape, 2)).astype(int)
    votes = dict.fromkeys(range(4), 0.0)
    for corner in np.ndindex(2, 2, 2):
        share = np.where(corner, point - low, 1 - (point - low)).prod()
        votes[int(labels[tuple(low + corner)])] += float(share)
    return max(votes, key=lambda label: (votes[label], -label))
