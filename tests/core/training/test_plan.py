"""The plan of a run that is limited in time, against a clock of our own."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contreg_core.scheme import Scheme
from contreg_core.training.loop import TrainingState
from contreg_core.training.plan import StepPlan, interval


def run(
    limit: float,
    *,
    share: float,
    whole: float,
    small: float,
    first: float = 0.0,
    most: int = 100_000,
    every: int = 20,
    most_coarse: int = 100_000,
) -> tuple[Any, list[int]]:
    """Make steps of known length until the plan says that it is enough; the state, and the plans on the way."""
    state = SimpleNamespace(step=0, total=most, coarse=min(int(share * most), most_coarse), elapsed=0.0)
    state.coarse_seconds = 0.0
    typed, plans = cast(TrainingState, state), []
    plan = StepPlan(Scheme(coarse=share), typed, 3, limit)
    while state.step < state.total:
        seconds = (small if state.step < state.coarse else whole) + (0 if state.step else first)
        state.step += 1
        state.elapsed += seconds
        plan.after_step(typed, seconds)
        if state.step % every == 0 or plan.due(typed):
            plan.renew(typed)
            plans.append(state.total)
    return state, plans


@given(st.floats(30, 500), st.floats(0.1, 0.9), st.floats(0.5, 5), st.floats(2, 8), st.floats(0, 20))
def test_the_parts_get_their_time(
    limit: float, share: float, whole: float, ratio: float, first: float
) -> None:
    assume(share * limit > 12 * whole / ratio + first and (1 - share) * limit > 30 * whole)
    state, _ = run(limit, share=share, whole=whole, small=whole / ratio, first=first)
    assert state.coarse_seconds == pytest.approx(share * limit, abs=2 * whole / ratio + 1e-6)
    assert limit - 2.1 * whole <= state.elapsed <= limit


def test_steps_are_the_most_there_are() -> None:
    state, _ = run(1e6, share=0.5, whole=1, small=0.2, most=60)
    assert (state.coarse, state.step) == (30, 60)


def test_the_coarse_part_ends_after_its_most_steps() -> None:
    """400 seconds would allow 800; the time that it does not take goes to whole steps."""
    state, plans = run(1000, share=0.4, whole=2, small=0.5, most_coarse=100)
    assert state.coarse == 100
    assert state.coarse_seconds == pytest.approx(50)
    assert state.step == pytest.approx(100 + 950 / 2, abs=1)
    # From the first plan on: 98 or 99 coarse steps' time, and whole ones thought eight times as long.
    assert plans[0] == pytest.approx(100 + 950 / 4, abs=3)


def test_without_a_limit_nothing_is_planned() -> None:
    state, plans = run(0.0, share=0.25, whole=1, small=0.2, most=80)
    assert (state.coarse, state.step) == (20, 80)
    assert set(plans) == {80}


def test_after_ten_whole_steps_the_plan_is_right() -> None:
    """Until then, a whole step is thought to take as much longer as it has voxels, and 8 is more than it is."""
    state, plans = run(1000, share=0.5, whole=3, small=0.6)
    assert plans[0] < state.total
    assert plans[-2:] == [pytest.approx(state.total, abs=2)] * 2


def test_a_limit_without_a_coarse_part() -> None:
    state, plans = run(100, share=0.0, whole=1, small=1, first=40)
    assert state.coarse == 0
    assert state.elapsed == pytest.approx(100, abs=1.5)
    assert plans == [pytest.approx(state.total, abs=2)] * len(plans)


@pytest.mark.parametrize(
    ("limit", "most", "expected"), [(100.0, 1000, 60.0), (100.0, 50, None), (0.0, 50, None)]
)
def test_the_time_left_is_the_limits_only_where_it_ends_the_run(
    limit: float, most: int, expected: float | None
) -> None:
    state = cast(
        TrainingState, SimpleNamespace(step=40, total=most, coarse=0, elapsed=40.0, coarse_seconds=0.0)
    )
    plan = StepPlan(Scheme(), state, 3, limit)
    plan.first_seconds = plan.step_seconds = 1.0
    plan.renew(state)
    assert plan.left(state) == expected


@given(st.integers(1, 100_000), st.integers(3, 10))
def test_validations_are_about_as_many_as_asked_for(steps: int, times: int) -> None:
    every = interval(steps, times)
    assert every % 20 == 0
    assert every == 20 or 2 * times / 3 - 1 < steps // every < 4 * times / 3 + 1


def test_a_plan_that_moves_repeats_no_validation() -> None:
    """Tenths of 395, 397 and 398 steps had all fallen due within ten steps."""
    assert len({interval(total - 355, 10) for total in (4305, 4331, 4338)}) == 1
