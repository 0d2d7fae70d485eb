import math

import pytest

from contreg.reporting.numbers import duration, interval, memory, number, percent


@pytest.mark.parametrize("format_", [number, percent, duration, memory])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, "high", True])
def test_what_was_not_measured_is_a_dash(format_, value) -> None:
    assert format_(value) == "–"


@pytest.mark.parametrize("bounds", [None, [None, None], [0.1], "ab", [math.nan, 1.0]])
def test_an_interval_that_is_none_is_nothing(bounds) -> None:
    assert interval(bounds) == ""


def test_numbers_as_people_read_them() -> None:
    assert number(0.71234) == "0.712"
    assert interval([0.7, 0.75]) == "[0.700, 0.750]"
    assert [percent(value) for value in (0, 0.0123, 4.56)] == ["0 %", "0.012 %", "4.6 %"]
    assert [duration(value) for value in (0.4234, 42, 250, 11520)] == [
        "0.42 s",
        "42 s",
        "4 min 10 s",
        "3 h 12 min",
    ]
    assert [memory(value) for value in (512, 1741)] == ["512 MiB", "1.7 GiB"]
