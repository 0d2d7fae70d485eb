"""Robust range and z-score inside a mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.errors import DataError
from contreg_core.preprocessing.intensity import robust, window, zscore

MASK = np.zeros((6, 7, 8), bool)
MASK[1:5, 1:6, 1:7] = True
IMAGE = np.where(MASK, np.random.default_rng(0).gamma(3, 100, MASK.shape), 0).astype(np.float32)


@given(gain=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
@pytest.mark.parametrize("standardise", [robust, zscore])
def test_gain_and_shift_do_not_matter(standardise, gain, shift):
    moved = standardise((IMAGE * gain + shift * gain).astype(np.float32), MASK)
    assert moved == pytest.approx(standardise(IMAGE, MASK), abs=2e-3)


def test_robust_is_the_percentile_map_clipped():
    low, high = np.percentile(IMAGE[MASK], (0.5, 99.5))
    expected = np.clip((IMAGE[MASK] - low) / (high - low), 0, 1)
    result = robust(IMAGE, MASK)
    assert result[MASK] == pytest.approx(expected, abs=1e-6)
    assert not result[~MASK].any()
    assert result.dtype == np.float32


@given(floor=st.floats(0, 0.99))
def test_a_floor_raises_the_brain_off_its_background(floor):
    result = robust(IMAGE, MASK, floor)
    assert result[MASK] == pytest.approx(floor + (1 - floor) * robust(IMAGE, MASK)[MASK], abs=1e-6)
    assert result[MASK].min() == pytest.approx(floor, abs=1e-6)
    assert not result[~MASK].any()
    assert result.dtype == np.float32


def test_zscore_has_mean_0_and_deviation_1_inside():
    result = zscore(IMAGE, MASK)
    assert float(result[MASK].mean()) == pytest.approx(0, abs=1e-5)
    assert float(result[MASK].std()) == pytest.approx(1, abs=1e-5)
    assert not result[~MASK].any()


def test_window():
    assert window(np.array([0, 50, 75, 100, 120]), 50, 100).tolist() == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize("standardise", [robust, zscore])
def test_degenerate_masks_are_refused(standardise):
    with pytest.raises(DataError, match="mask is empty"):
        standardise(IMAGE, np.zeros_like(MASK))
    with pytest.raises(DataError, match="constant"):
        standardise(np.full(MASK.shape, 4.0), MASK)


def test_robust_refuses_an_image_of_nearly_one_value():
    image = np.ones((20, 20, 20))
    image[0, 0, 0] = 5
    with pytest.raises(DataError, match="nearly all"):
        robust(image, np.ones(image.shape, bool))
