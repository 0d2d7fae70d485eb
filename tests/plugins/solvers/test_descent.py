"""The loop of descent: the best is kept, wherever the last step went."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from contreg_plugins.solvers.descent import descend

START = torch.tensor([[3.0, -2.0]])


def bowl(values: torch.Tensor) -> torch.Tensor:
    return values.square().sum()


def test_a_bowl_leads_to_its_bottom() -> None:
    assert descend(START, bowl, steps=200, rate=0.1).abs().max() < 0.05


@given(rate=st.floats(1e-3, 1e3), steps=st.integers(0, 8))
def test_the_loss_never_rises(rate: float, steps: int) -> None:
    found = descend(START, bowl, steps=steps, rate=rate)
    assert bowl(found) <= bowl(START)


def test_the_best_is_kept_not_the_last() -> None:
    seen: list[torch.Tensor] = []
    told = (5.0, 1.0, 4.0, 3.0, 2.0)

    def loss(values: torch.Tensor) -> torch.Tensor:
        seen.append(values.detach().clone())
        return values.sum() - values.sum().detach() + told[len(seen) - 1]

    found = descend(START, loss, steps=4, rate=0.1)
    assert len(seen) == 5
    assert torch.equal(found, seen[1])


def test_a_loss_that_is_no_number_leaves_the_start() -> None:
    found = descend(START, lambda values: values.sum() * torch.nan, steps=3, rate=0.1)
    assert torch.equal(found, START)


def test_no_steps_are_no_change() -> None:
    assert torch.equal(descend(START, bowl, steps=0, rate=1.0), START)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_start_is_not_touched(enabled: bool) -> None:
    start = START.clone()
    with torch.set_grad_enabled(enabled):
        found = descend(start, bowl, steps=3, rate=0.1)
    assert torch.equal(start, START)
    assert not found.requires_grad
