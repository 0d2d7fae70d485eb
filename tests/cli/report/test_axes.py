import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from contreg.reporting.axes import Scale, nice_ticks, range_of, tick_text

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(NUMBERS, NUMBERS, st.integers(2, 8))
@example(-1.0, -400402.0, 2)
def test_ticks_are_few_rising_and_inside(a: float, b: float, count: int) -> None:
    low, high = sorted((a, b))
    assume(high - low > 1e-3)
    ticks = nice_ticks(low, high, count)
    slack = 1e-6 * (high - low)
    assert 1 <= len(ticks) <= count + 2
    assert ticks == sorted(set(ticks))
    assert all(low - slack <= tick <= high + slack for tick in ticks)


@given(st.lists(NUMBERS, min_size=1))
def test_the_range_holds_all_values(values: list[float]) -> None:
    low, high = range_of(values, log=False)
    assert low < high
    assert low <= min(values)
    assert max(values) <= high


def test_scales() -> None:
    assert Scale(0, 10, 100, 200)(2.5) == 125
    assert Scale(1, 100, 0, 100, log=True)(10) == 50
    assert Scale(1, 1, 0, 100)(1) == 50
    assert Scale(0.5, 2000, 0, 1, log=True).ticks() == [1, 10, 100, 1000]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.85, "0.85"), (20000, "20k"), (1e-4, "1e-4"), (4e-4, "4e-4"), (3e7, "3e7")],
)
def test_tick_text(value: float, text: str) -> None:
    assert tick_text(value) == text
