"""Surface distances, against full Euclidean distance transforms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

from contreg_core.errors import DataError, UsageError
from contreg_core.evaluation.surface import surface_distances

Ids = NDArray[np.uint8]


def obvious_distances(
    predicted: Ids, truth: Ids, label: int, spacing: tuple[float, ...]
) -> tuple[float, float]:
    """HD95 and ASSD by eroding the label and transforming the whole grid."""
    edges = [mask & ~binary_erosion(mask) for mask in (predicted == label, truth == label)]
    if not all(edge.any() for edge in edges):
        return math.nan, math.nan
    far = [distance_transform_edt(~edge, sampling=spacing) for edge in edges]
    there, back = far[1][edges[0]], far[0][edges[1]]
    return max(np.percentile(there, 95), np.percentile(back, 95)), float(np.mean(np.r_[there, back]))


def check_against_obvious(predicted: Ids, truth: Ids, spacing: tuple[float, ...]) -> None:
    found = surface_distances(predicted, truth, [3, 1, 2], spacing)
    for label in (1, 2, 3):
        expected = obvious_distances(predicted, truth, label, spacing)
        np.testing.assert_allclose((found.hd95[label], found.assd[label]), expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(14, 11), (12, 9, 10)])
def test_equal_to_distance_transforms_on_blobs(shape: tuple[int, ...]) -> None:
    places = np.indices(shape).astype(float)
    rng = np.random.default_rng(1)
    first, second = (
        (np.sqrt(((places - rng.uniform(3, 7, (len(shape), *[1] * len(shape)))) ** 2).sum(0)) / 2).astype(
            np.uint8
        )
        for _ in range(2)
    )
    check_against_obvious(first % 4, second % 4, (0.7, 2.0, 1.3)[: len(shape)])


@given(
    hnp.arrays(np.uint8, (5, 4, 6), elements=st.integers(0, 3)),
    hnp.arrays(np.uint8, (5, 4, 6), elements=st.integers(0, 3)),
)
@settings(max_examples=25, deadline=None)
def test_equal_to_distance_transforms_on_noise(predicted: Ids, truth: Ids) -> None:
    check_against_obvious(predicted, truth, (1.0, 0.5, 3.0))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_shifted_plane_is_its_shift_in_mm(axis: int) -> None:
    spacing = (0.5, 1.0, 3.0)
    truth = np.zeros((9, 9, 9), np.uint8)
    np.moveaxis(truth, axis, 0)[2] = 1
    found = surface_distances(np.roll(truth, 4, axis), truth, [1], spacing)
    assert found.hd95[1] == pytest.approx(4 * spacing[axis])
    assert found.assd[1] == pytest.approx(4 * spacing[axis])


def test_identical_maps_are_zero_and_the_image_border_is_a_boundary() -> None:
    full = np.ones((4, 4, 4), np.uint8)
    found = surface_distances(full, full, [1], (1, 1, 1))
    assert (found.hd95[1], found.assd[1], found.missing) == (0, 0, ())


def test_absent_labels_are_nan_and_one_sided_ones_are_listed() -> None:
    truth = np.zeros((4, 4), np.uint8)
    truth[1, 1], truth[2, 2] = 1, 2
    found = surface_distances(np.where(truth == 2, 3, truth), truth, [0, 1, 2, 3, 4], (1, 1))
    assert found.missing == (2, 3)
    assert list(found.hd95) == [1, 2, 3, 4]
    assert [label for label, distance in found.assd.items() if math.isnan(distance)] == [2, 3, 4]
    empty = surface_distances(truth * 0, truth * 0, [1], (1, 1))
    assert math.isnan(empty.hd95[1])
    assert empty.missing == ()


@pytest.mark.parametrize("spacing", [(1, 1), (1, 1, 0), (1, -1, 1), (1, math.nan, 1)])
def test_a_spacing_that_does_not_fit_is_refused(spacing: tuple[float, ...]) -> None:
    volume = np.ones((3, 3, 3), np.uint8)
    with pytest.raises(UsageError, match="3 positive numbers"):
        surface_distances(volume, volume, [1], spacing)


def test_maps_on_two_grids_are_refused() -> None:
    volume = np.ones((3, 3, 3), np.uint8)
    with pytest.raises(DataError, match="one shape"):
        surface_distances(volume[1:], volume, [1], (1, 1, 1))
