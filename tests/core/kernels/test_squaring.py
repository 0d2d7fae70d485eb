"""Compiled scaling and squaring against compositions in plain torch."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contreg_core import spatial

SPACES = [(7, 5), (6, 3, 5), (1, 4, 6)]


def velocity(space: tuple[int, ...], batch: int = 2, size: float = 3.0) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return (
        (torch.rand((batch, len(space), *space), generator=generator, dtype=torch.float64) - 0.5) * 2 * size
    )


def plainly(v: Tensor, steps: int) -> Tensor:
    u = v / 2**steps
    for _ in range(steps):
        there = spatial.identity_grid(u.shape[2:], u) + u
        u = u + spatial._normalised_sample(u, there, "linear", "border")
    return u


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("threads", [1, 3])
def test_it_equals_compositions(
    space: tuple[int, ...], steps: int, threads: int, on_threads: Callable[[int], None]
) -> None:
    on_threads(threads)
    v = velocity(space).requires_grad_()
    fast, slow = spatial.integrate(v, steps), plainly(v, steps)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)
    weights = velocity(space) + 1
    (one,), (other,) = (torch.autograd.grad((u * weights).sum(), v) for u in (fast, slow))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-9)
    with torch.no_grad():
        torch.testing.assert_close(spatial.integrate(v.float(), steps).double(), slow, rtol=0, atol=1e-4)


@pytest.mark.parametrize("space", [(4, 5), (3, 4, 3)])
def test_gradcheck(space: tuple[int, ...]) -> None:
    v = velocity(space, batch=1, size=1.0).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: spatial.integrate(v, 3), v)


def test_the_gradient_repeats_bit_by_bit(on_threads: Callable[[int], None]) -> None:
    """Threads add into fields of their own, in one order: an exact resume rests on it."""
    on_threads(4)
    v = velocity((9, 10, 11)).float().requires_grad_()
    (first,) = torch.autograd.grad(spatial.integrate(v).square().sum(), v)
    for _ in range(20):
        (again,) = torch.autograd.grad(spatial.integrate(v).square().sum(), v)
        assert torch.equal(again, first)
