"""Folding and SDlogJ (protocols.md)."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from contreg_core import spatial
from contreg_core.errors import DataError
from contreg_core.evaluation.folding import jacobian_determinant, regularity, sdlogj

MATRIX = np.array([[0.1, 0.2, 0.3], [0.05, -0.1, 0.15], [0.2, -0.05, 0.1]])


def linear(matrix: NDArray[np.float64], space: tuple[int, ...]) -> NDArray[np.float32]:
    """``u(p) = A p``."""
    displacement = np.einsum("ij,j...->i...", matrix, np.indices(space))
    return np.asarray(displacement, np.float32)


def obvious_determinant(displacement: NDArray[np.float32]) -> NDArray[np.float64]:
    rows = [np.stack(np.gradient(channel.astype(np.float64)), axis=-1) for channel in displacement]
    determinant: NDArray[np.float64] = np.linalg.det(np.stack(rows, axis=-2) + np.eye(len(rows)))
    return determinant


@pytest.mark.parametrize("shape", [(7, 9), (6, 8, 5), (2, 3, 2)])
def test_equal_to_numpy_and_to_the_tensor_form(shape: tuple[int, ...]) -> None:
    displacement = np.random.default_rng(0).normal(0, 1, (len(shape), *shape)).astype(np.float32)
    found = jacobian_determinant(displacement)
    np.testing.assert_allclose(found, obvious_determinant(displacement), atol=1e-5)
    tensor = spatial.jacobian_determinant(torch.from_numpy(displacement)[None])[0]
    np.testing.assert_allclose(found, tensor.numpy(), atol=1e-4)


def test_a_linear_field() -> None:
    np.testing.assert_allclose(jacobian_determinant(linear(MATRIX, (6, 7, 8))), 1.0375, rtol=1e-5)


def test_a_mirrored_axis_is_folded_everywhere() -> None:
    found = regularity(linear(np.diag([-2.0, 0, 0]), (6, 6, 6)), np.ones((6, 6, 6), np.bool_))
    assert (found.percent, found.percent_mask) == (100, 100)
    assert found.sdlogj == pytest.approx(0, abs=1e-6)


def test_rest_has_no_folds() -> None:
    found = regularity(np.zeros((3, 6, 6, 6), np.float32))
    assert (found.percent, found.sdlogj) == (0, 0)
    assert math.isnan(found.percent_mask)


def test_a_determinant_of_zero_counts_as_folded() -> None:
    assert regularity(linear(np.diag([-1.0, 0]), (6, 6))).percent == 100


def test_percent_counts_voxels_of_the_grid_and_of_the_mask() -> None:
    displacement = np.zeros((2, 10, 10), np.float32)
    displacement[0, 5] = -4  # central differences at rows 4 and 6: -2 and +2
    mask = np.zeros((10, 10), np.bool_)
    mask[4:8] = True
    found = regularity(displacement, mask)
    assert (found.percent, found.percent_mask) == (10, 25)


def test_sdlogj_is_the_learn2reg_form() -> None:
    displacement = np.random.default_rng(5).normal(0, 1.5, (3, 9, 8, 10)).astype(np.float32)
    inner = obvious_determinant(displacement)[2:-2, 2:-2, 2:-2]
    expected = np.log((inner + 3).clip(1e-9, 1e9)).std()
    assert inner.min() < -3  # the clip is exercised
    assert sdlogj(jacobian_determinant(displacement)) == pytest.approx(expected, rel=1e-4)


def test_a_grid_that_is_all_border_has_no_sdlogj() -> None:
    assert math.isnan(sdlogj(np.ones((4, 9, 9), np.float32)))


def test_an_empty_mask_is_nan_and_another_grid_is_refused() -> None:
    displacement = np.zeros((2, 6, 6), np.float32)
    assert math.isnan(regularity(displacement, np.zeros((6, 6), np.bool_)).percent_mask)
    with pytest.raises(DataError, match="one grid"):
        regularity(displacement, np.zeros((6, 5), np.bool_))
