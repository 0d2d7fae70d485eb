"""Values no training could use are refused where they are given."""

from typing import Any

import pytest

from contreg_core.errors import UsageError
from contreg_core.scheme import Augmentation, Scheme


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        *[("learning_rate", -1.0), ("batch_size", 0), ("decay_epochs", 0), ("steps", 0), ("steps", -1)],
        *[("betas", (0.9, 1.0)), ("ema", 1.0), ("seed", -1), ("validation", -2)],
    ],
)
def test_a_scheme_refuses(knob: str, value: Any) -> None:
    with pytest.raises(UsageError, match=knob):
        Scheme(**{knob: value})


@pytest.mark.parametrize(
    ("knob", "value"), [("flip_axis", 3), ("flip_probability", 2.0), ("gamma", -0.1), ("crop", (0,))]
)
def test_an_augmentation_refuses(knob: str, value: Any) -> None:
    with pytest.raises(UsageError, match=knob):
        Augmentation(**{knob: value})
