"""What an image has where nothing is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.volume.background import background_of


def head(air: float, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    array = np.full((20, 22, 18), air, np.float32)
    array[4:16, 4:18, 4:14] = rng.uniform(50, 150, (12, 14, 10))
    return array + noise * rng.normal(size=array.shape).astype(np.float32)


@given(st.integers(-2000, 2000).filter(lambda value: not -40 < value < 300))
def test_constant_air_is_found(air: int) -> None:
    assert background_of(head(air)) == air


@pytest.mark.parametrize("noise", [0, 0.3, 2])
def test_zero_stays_zero(noise: float) -> None:
    """To the bit, so that extracted brains and scans with a noisy background are warped as ever."""
    assert background_of(head(0, noise)) == 0


def test_noisy_air_is_found_about() -> None:
    assert background_of(head(-1000, 5)) == pytest.approx(-1000, abs=2)


def test_a_neck_that_leaves_the_image_changes_nothing() -> None:
    array = head(-1024)
    array[6:14, 6:14, :4] = 40
    assert background_of(array) == -1024


def test_what_is_cut_out_of_tissue_has_none() -> None:
    assert background_of(np.random.default_rng(0).uniform(50, 150, (12, 12, 12)).astype(np.float32)) == 0


def test_a_scored_head_keeps_its_own_zero() -> None:
    array = head(0)
    scored = (array - array.mean()) / array.std()
    assert background_of(scored) == scored[0, 0, 0]
