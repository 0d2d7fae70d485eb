"""The unit-Gaussian KL against oracles.md."""

from collections.abc import Callable
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from contreg_core.types import Registration
from contreg_plugins.losses.gaussian_kl import GaussianKL

Build = Callable[..., Registration]


def field(mean: float, log_variance: float, batch: int = 1, ndim: int = 3) -> dict[str, Tensor]:
    shape = (batch, ndim, *([5, 4, 6][:ndim]))
    constant = [torch.full(shape, number, dtype=torch.float64) for number in (mean, log_variance)]
    return dict(zip(("mean", "log_variance"), constant, strict=True))


@pytest.mark.parametrize("scale", ["voxel", "component", "reference"])
@pytest.mark.parametrize("mu_norm", ["squared", "l2"])
def test_zero_at_the_prior(
    build: Build, scale: Literal["voxel", "component", "reference"], mu_norm: Literal["squared", "l2"]
) -> None:
    assert GaussianKL(scale=scale, mu_norm=mu_norm)(build(**field(0, 0))).item() == 0


@pytest.mark.parametrize("ndim", [2, 3])
def test_half_a_component_at_a_mean_of_one(build: Build, ndim: int) -> None:
    parts = field(1, 0, batch=2, ndim=ndim)
    assert GaussianKL(scale="component")(build(**parts)).item() == pytest.approx(0.5)
    assert GaussianKL(scale="voxel")(build(**parts)).item() == pytest.approx(0.5 * ndim)


@pytest.mark.parametrize(
    ("mean", "log_variance", "batch", "expected"),
    [(1, 0, 1, 0.005), (1, 0, 2, 0.0025), (1, 0, 8, 0.000625), (0, -10, 1, 0.0450002270)],
)
def test_the_released_scaling(
    build: Build, mean: float, log_variance: float, batch: int, expected: float
) -> None:
    found = 0.01 * GaussianKL(scale="reference")(build(**field(mean, log_variance, batch)))
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_the_printed_norm_is_not_squared(build: Build) -> None:
    parts = field(2, 0)
    components = parts["mean"].numel()
    found = GaussianKL(mu_norm="l2", scale="component")(build(**parts))
    assert found.item() == pytest.approx(2 * components**0.5 / 2 / components)


def test_the_printed_norm_has_a_gradient_at_zero(build: Build) -> None:
    parts = field(0, 0)
    mean = parts["mean"].requires_grad_()
    GaussianKL(mu_norm="l2")(build(**parts)).backward()
    assert mean.grad is not None
    assert torch.isfinite(mean.grad).all()


def test_gradients_are_mean_and_half_of_variance_minus_one(build: Build) -> None:
    mean = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    log_variance = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    (12 * GaussianKL()(build(mean=mean, log_variance=log_variance))).backward()
    torch.testing.assert_close(mean.grad, mean.detach())
    torch.testing.assert_close(log_variance.grad, (log_variance.detach().exp() - 1) / 2)


@settings(max_examples=30, deadline=None)
@given(mean=st.floats(-50, 50), log_variance=st.floats(-20, 10))
def test_never_negative(build: Build, mean: float, log_variance: float) -> None:
    assert GaussianKL()(build(**field(mean, log_variance))).item() >= -1e-12
