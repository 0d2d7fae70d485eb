"""NCC: blind to gain and offset, 0 for constants."""

import math

import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.evaluation.similarity import ncc

IMAGE = np.random.default_rng(0).random((6, 5, 4)).astype(np.float32)


@pytest.mark.parametrize(("gain", "offset", "expected"), [(1, 0, 1), (2.5, -3, 1), (-0.5, 1, -1)])
def test_gain_and_offset(gain: float, offset: float, expected: float) -> None:
    assert ncc(gain * IMAGE + offset, IMAGE) == pytest.approx(expected, abs=1e-5)


def test_equal_to_pearson_inside_the_mask() -> None:
    other, mask = np.random.default_rng(1).random(IMAGE.shape), IMAGE > 0.5
    assert ncc(other, IMAGE, mask) == pytest.approx(np.corrcoef(other[mask], IMAGE[mask])[0, 1])


def test_a_constant_image_gives_zero_and_an_empty_mask_nan() -> None:
    assert ncc(np.full(IMAGE.shape, 0.1), IMAGE) == 0
    assert math.isnan(ncc(IMAGE, IMAGE, np.zeros(IMAGE.shape, np.bool_)))


def test_two_grids_are_refused() -> None:
    with pytest.raises(DataError, match="one grid"):
        ncc(IMAGE, IMAGE[1:])
