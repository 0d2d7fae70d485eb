"""Compiled products over shifts: their adjoints, and what they leave to torch."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from contreg_core.kernels import correlated, correlates


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=3, max_size=3),
    st.integers(1, 20),
    st.integers(0, 2),
    st.integers(0, 99),
)
def test_both_gradients_are_adjoints(space: list[int], channels: int, radius: int, seed: int) -> None:
    """It is linear in either map: ``<C(m, f), g> = <m, d/dm> = <f, d/df>``."""
    moving = random(2, channels, *space, seed=seed).requires_grad_()
    fixed = random(2, channels, *space, seed=seed + 1).requires_grad_()
    values = correlated(moving, fixed, radius)
    g = random(*values.shape, seed=seed + 2)
    total = (values * g).sum()
    by_moving, by_fixed = torch.autograd.grad(total, (moving, fixed))
    torch.testing.assert_close((moving * by_moving).sum(), total, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close((fixed * by_fixed).sum(), total, rtol=1e-4, atol=1e-4)


def test_threads_give_the_same_bits(on_threads: Callable[[int], None]) -> None:
    moving, fixed = random(2, 7, 6, 30, 40), random(2, 7, 6, 30, 40, seed=1)
    on_threads(1)
    one = correlated(moving, fixed, 1)
    on_threads(3)
    assert torch.equal(correlated(moving, fixed, 1), one)


def test_bfloat16_is_rounded_once() -> None:
    moving, fixed = random(1, 9, 4, 5, 6).bfloat16(), random(1, 9, 4, 5, 6, seed=1).bfloat16()
    found = correlated(moving, fixed, 1)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, correlated(moving.float(), fixed.float(), 1).bfloat16())


@pytest.mark.parametrize(
    "maps",
    [
        (torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)),
        (torch.zeros(1, 2, 4, 4, 4), torch.zeros(1, 3, 4, 4, 4)),
        (torch.zeros(1, 2, 4, 4, 4), torch.zeros(1, 2, 4, 4, 4, dtype=torch.bfloat16)),
        (torch.zeros(1, 2, 4, 4, 4).double(), torch.zeros(1, 2, 4, 4, 4).double()),
    ],
)
def test_other_shapes_and_types_are_left_to_torch(maps: tuple[Tensor, Tensor]) -> None:
    assert not correlates(*maps)
