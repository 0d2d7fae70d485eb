"""What is refused before a network sees it."""

import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.inference.quality import overlap, require_overlap


def test_brains_that_lie_apart_are_refused():
    left, right = np.zeros((10, 4, 4), bool), np.zeros((10, 4, 4), bool)
    left[:6], right[4:] = True, True
    assert overlap(left, right) == pytest.approx(1 / 3)
    require_overlap(left, right)
    left[4] = False
    with pytest.raises(DataError, match="align the images first"):
        require_overlap(left, right)
