"""Learning rates, with the numbers of oracles.md."""

import pytest

from contreg_core.scheme import Scheme
from contreg_core.training.schedule import learning_rate, total_steps

EPOCH = 225


def test_steps_come_before_epochs() -> None:
    assert total_steps(Scheme(steps=7, epochs=3), EPOCH) == 7
    assert total_steps(Scheme(steps=0, epochs=201), EPOCH) == 201 * EPOCH


@pytest.mark.parametrize("every", [10, 20])
def test_step_schedule(every: int) -> None:
    """``reference``: 3e-3 in epochs 1-10, 3e-4 in 11-20, 3e-5 in 21-30; ``paper`` the same every 20."""
    scheme = Scheme(steps=0, epochs=200, learning_rate=3e-3, schedule="step", decay=0.1, decay_epochs=every)

    def rate(step: int) -> float:
        return learning_rate(scheme, step, 200 * EPOCH, EPOCH)

    for decade, expected in enumerate((3e-3, 3e-4, 3e-5)):
        assert rate(decade * every * EPOCH) == pytest.approx(expected)
        assert rate((decade + 1) * every * EPOCH - 1) == pytest.approx(expected)


def test_cosine_falls_from_the_peak_to_the_final_rate() -> None:
    scheme = Scheme(learning_rate=1e-3, schedule="cosine", final_rate=1e-6)
    rates = [learning_rate(scheme, step, 101, EPOCH) for step in range(101)]
    assert rates[0] == pytest.approx(1e-3)
    assert rates[50] == pytest.approx((1e-3 + 1e-6) / 2)
    assert rates[100] == pytest.approx(1e-6)
    assert rates == sorted(rates, reverse=True)
    assert learning_rate(scheme, 500, 101, EPOCH) == pytest.approx(1e-6)
    assert learning_rate(scheme, 0, 1, EPOCH) == pytest.approx(1e-3)


def test_time_schedule_divides_by_the_steps_done() -> None:
    """oracles.md: ``lr / (1 + 1e-4 t)``."""
    scheme = Scheme(learning_rate=1e-4, schedule="time", decay=1e-4)
    rates = [learning_rate(scheme, step, 20_000, EPOCH) for step in (0, 1, 10_000)]
    assert rates == pytest.approx([1e-4, 1e-4 / 1.0001, 5e-5])


def test_warm_up_is_linear_and_reaches_one() -> None:
    scheme = Scheme(learning_rate=0.5, warmup_steps=4)
    assert [learning_rate(scheme, step, 9, EPOCH) for step in range(6)] == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]
