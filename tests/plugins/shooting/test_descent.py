"""Every way down ends lower than it began, repeats itself, and gives the best it saw."""

import itertools
from typing import Any

import pytest
import torch

from contreg_plugins.shooting.descent import DescentRecord, descend
from contreg_plugins.shooting.functional import Functional
from contreg_plugins.shooting.kernels import Gaussians

OPTIMISERS = ["gd", "lbfgs", "adam"]


@pytest.fixture(name="functional")
def _functional(blob: Any) -> Functional:
    moving, fixed = blob((15, 15), width=0.2), blob((15, 15), 0.08, width=0.2)
    return Functional(moving, fixed, Gaussians((2.0,), (1.0,)).on(moving), alpha=1e-3, steps=3)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_lower_and_repeatable(functional: Functional, optimiser: Any) -> None:
    zero = torch.zeros_like(functional.moving)
    first, second = (descend(functional, zero, optimiser, 20, 0.25) for _ in range(2))
    assert torch.equal(first, second)
    assert float(functional(first)) < 0.3 * float(functional(zero))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_the_best_is_kept_where_every_step_is_too_long(functional: Functional, optimiser: Any) -> None:
    good = descend(functional, torch.zeros_like(functional.moving), "lbfgs", 30, 0.25)
    found = descend(functional, good, optimiser, 5, 50.0)
    assert float(functional(found)) <= float(functional(good))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_nothing_to_gain_is_no_step(functional: Functional, optimiser: Any) -> None:
    still = Functional(functional.fixed, functional.fixed, functional.kernel, 1e-3, 3, "rk4")
    assert not descend(still, torch.zeros_like(functional.moving), optimiser, 5, 0.25).any()


def test_the_first_step_of_gradient_descent_changes_the_velocity_by_the_update(
    functional: Functional,
) -> None:
    found = descend(functional, torch.zeros_like(functional.moving), "gd", 2, 0.25)
    assert functional.speed(found) == pytest.approx(0.25)


def test_every_second_rise_shortens_the_step_of_gradient_descent(functional: Functional) -> None:
    seen: list[torch.Tensor] = []

    class Rising(Functional):
        """A cost that always rises, with the slope of a real one."""

        def __call__(self, momentum: torch.Tensor) -> torch.Tensor:
            seen.append(momentum.detach().clone())
            return super().__call__(momentum) * 0 + super().__call__(momentum) + 1000.0 * len(seen)

    rising = Rising(functional.moving, functional.fixed, functional.kernel, 1e-3, 3)
    descend(rising, torch.zeros_like(functional.moving), "gd", 6, 0.25)
    lengths = [functional.speed(b - a) for a, b in itertools.pairwise(seen)]
    assert lengths == pytest.approx([0.25, 0.25, 0.2, 0.2, 0.16])


def test_ten_iterations_without_gain_settle_it(functional: Functional) -> None:
    record = DescentRecord(functional, torch.zeros_like(functional.moving))
    settled = []
    for _ in range(11):
        record.evaluate(torch.zeros_like(functional.moving))
        settled.append(record.settled())
    assert settled == [False] * 10 + [True]
