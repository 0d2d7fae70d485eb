"""The functional and its gradient (oracles.md)."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from contreg_plugins.shooting.differences import gradient
from contreg_plugins.shooting.functional import Functional, aligned_grey_levels, apparent
from contreg_plugins.shooting.kernels import Gaussians

INTEGRATORS = ["semi-lagrangian", "rk4", "euler"]


@pytest.fixture(name="small")
def _small(blob: Any) -> Functional:
    moving, fixed = blob((16, 16), width=0.2), blob((16, 16), 0.06, width=0.2)
    kernel = Gaussians((2.0,), (1.0,)).on(moving)
    return Functional(moving, fixed, kernel, alpha=1e-2, steps=5)


def slope(functional: Functional, momentum: torch.Tensor) -> torch.Tensor:
    variable = momentum.clone().requires_grad_()
    return torch.autograd.grad(functional(variable), variable)[0]


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_the_gradient_by_finite_differences(small: Functional, integrator: Any) -> None:
    functional = replace(small, integrator=integrator)
    momentum, direction = torch.randn(2, 1, 1, 16, 16, dtype=torch.float64)
    step = 1e-5
    measured = functional(momentum + step * direction) - functional(momentum - step * direction)
    expected = float((slope(functional, momentum) * direction).sum())
    assert float(measured) / (2 * step) == pytest.approx(expected, rel=1e-4)


def first_gradient(functional: Functional) -> torch.Tensor:
    """``grad I0 . K * ((I0 - J) grad I0)``."""
    slopes = gradient(functional.moving, functional.boundary)[:, 0]
    pulled = functional.kernel((functional.moving - functional.fixed) * slopes)
    return (slopes * pulled).sum(1, keepdim=True)


@pytest.mark.parametrize("integrator", ["rk4", "euler"])
def test_the_first_gradient_is_exact_on_the_grid(case: Any, integrator: Any) -> None:
    functional = Functional(case.moving, case.fixed, case.kernel, 1e-3, 5, integrator, "periodic")
    found = slope(functional, torch.zeros_like(case.moving))
    assert torch.allclose(found, first_gradient(functional), rtol=1e-8, atol=1e-12)


def test_the_first_gradient_is_near_through_the_map(case: Any) -> None:
    functional = Functional(case.moving, case.fixed, case.kernel, 1e-3, 5, boundary="periodic")
    found, expected = slope(functional, torch.zeros_like(case.moving)), first_gradient(functional)
    assert float((found - expected).norm() / expected.norm()) < 0.1


@pytest.mark.parametrize("alpha", [0.0, 1e-3, 10.0])
def test_without_momentum_the_images_alone_count(small: Functional, alpha: float) -> None:
    value = replace(small, alpha=alpha)(torch.zeros_like(small.moving))
    assert float(value) == pytest.approx(float((small.moving - small.fixed).square().sum() / 2), rel=1e-12)


def test_equal_images_are_a_fixed_point(small: Functional) -> None:
    still = replace(small, fixed=small.moving, integrator="rk4")
    zero = torch.zeros_like(small.moving)
    assert float(still(zero)) == 0
    assert not slope(still, zero).any()


def test_the_energy_is_not_negative(small: Functional) -> None:
    for momentum in torch.randn(5, 1, 1, 16, 16, dtype=torch.float64):
        no_difference = small.shot(momentum).image
        assert float(replace(small, fixed=no_difference)(momentum)) > 0


def test_a_start_is_never_worse_than_none(small: Functional) -> None:
    good = -slope(small, torch.zeros_like(small.moving))
    assert torch.equal(small.start(good), good)
    assert not small.start(-good).any()


def test_apparent_weights_make_all_scales_pull_alike(small: Functional) -> None:
    sigmas = (4.0, 2.0, 1.0)
    gaussians = apparent(small.moving, small.fixed, sigmas)
    pull = (small.moving - small.fixed) * gradient(small.fixed)[:, 0]
    reached = [
        weight * float(Gaussians((sigma,), (1.0,)).on(pull)(pull).norm(dim=1).max())
        for sigma, weight in zip(sigmas, gaussians.weights, strict=True)
    ]
    assert reached == pytest.approx([reached[0]] * 3, rel=1e-12)
    assert sum(gaussians.weights) == pytest.approx(1)
    assert apparent(small.moving, small.moving, sigmas).weights == pytest.approx([1 / 3] * 3)


def test_grey_levels_are_aligned_where_there_is_something() -> None:
    moving = torch.rand(1, 1, 9, 9) + 0.5
    fixed = 3 * torch.rand(1, 1, 9, 9) + 2
    fixed[..., :3] = 0
    found = aligned_grey_levels(moving, fixed)
    assert not found[..., :3].any()
    inside = found[..., 3:]
    assert float(inside.mean()) == pytest.approx(float(moving.mean()), rel=1e-5)
    assert float(inside.std()) == pytest.approx(float(moving.std()), rel=1e-5)
    assert torch.equal(aligned_grey_levels(moving, torch.zeros_like(moving)), torch.zeros_like(moving))
