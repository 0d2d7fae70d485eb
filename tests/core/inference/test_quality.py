"""What is refused before a network sees it, and what is warned of afterwards."""

from dataclasses import replace

import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.inference.quality import Quality, out_of_range, overlap, require_overlap


def test_brains_that_lie_apart_are_refused():
    left, right = np.zeros((10, 4, 4), bool), np.zeros((10, 4, 4), bool)
    left[:6], right[4:] = True, True
    assert overlap(left, right) == pytest.approx(1 / 3)
    require_overlap(left, right)
    left[4] = False
    with pytest.raises(DataError, match="align the images first"):
        require_overlap(left, right)


SOUND = Quality(
    0.5, 0.9, 0.85, 0.95, 0.0, 0.0, 0.05, {"p50": 3.0, "p99": 10.0}, {"p50": 0.0, "p99": 0.01}, 2.0
)


def test_a_sound_registration_is_not_warned_of():
    assert SOUND.warnings() == ()
    assert replace(SOUND, inverse_error_mm={}, out_of_range_percent=float("nan")).warnings() == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"overlap_before": 0.5}, "before registration"),
        ({"ncc_before": 0.95}, "less alike"),
        ({"overlap_after": 0.6}, "after registration"),
        ({"ncc_before": 0.0, "ncc_after": 0.1}, "hardly alike"),
        ({"folding_percent_brain": 1.0}, "folds in 1.00 %"),
        ({"displacement_mm": {"p50": 9.0, "p99": 40.0}}, "40 mm"),
        ({"inverse_error_mm": {"p50": 0.1, "p99": 2.0}}, "2.00 mm"),
        ({"out_of_range_percent": 20.0}, "20 % of the fixed brain"),
    ],
)
def test_what_is_bad_is_said(change, said):
    (warning,) = replace(SOUND, **change).warnings()
    assert said in warning


def test_intensities_the_moving_brain_does_not_have():
    moving = np.linspace(100, 200, 1001)
    warped = np.full((4, 5), 150.0)
    warped[0] = 0
    inside = np.ones((4, 5), bool)
    assert out_of_range(warped, inside, moving) == pytest.approx(25)
    inside[0] = False
    assert out_of_range(warped, inside, moving) == 0
