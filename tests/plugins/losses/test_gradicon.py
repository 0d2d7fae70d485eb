"""GradICON and ICON: what they are blind to, what they are for linear maps, their gradients (Tian et al. 2023)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Loss
from contreg_core.types import Registration
from contreg_plugins.losses.gradicon import GradICON
from contreg_plugins.losses.icon import ICON

Build: TypeAlias = Callable[..., Registration]
Both: TypeAlias = Callable[[Tensor, Tensor], Registration]
SPACES = {2: (18, 14), 3: (10, 12, 8)}
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])
both_losses = pytest.mark.parametrize("loss", [GradICON(), ICON(), GradICON(stride=1, delta=0.5)])


@pytest.fixture
def both(build: Build) -> Both:
    """``both(there, back)``: a registration of these displacements."""

    def make(there: Tensor, back: Tensor) -> Registration:
        fixed = there.new_zeros(len(there), 1, *there.shape[2:])
        swapped = build(fixed=fixed, displacement=back)
        return replace(build(fixed=fixed, displacement=there), swapped=swapped)

    return make


def linear(matrix: Tensor, space: tuple[int, ...]) -> Tensor:
    """The displacement ``matrix @ (p - centre)``."""
    grid = spatial.identity_grid(space, matrix)
    centre = matrix.new_tensor([(size - 1) / 2 for size in space]).view(1, -1, *([1] * len(space)))
    return torch.einsum("kl,bl...->bk...", matrix, grid - centre)


def constant(ndim: int, *values: float) -> Tensor:
    column = torch.tensor(values[:ndim], dtype=torch.float64).view(1, -1, *([1] * ndim))
    return column.expand(1, ndim, *SPACES[ndim])


def expansion(ndim: int) -> Tensor:
    return torch.eye(ndim, dtype=torch.float64) * 0.3 + 0.1 * torch.rand(ndim, ndim, dtype=torch.float64)


@both_dimensions
@both_losses
def test_zero_for_the_identity_and_for_exact_inverses(both: Both, loss: Loss, ndim: int) -> None:
    still = constant(ndim, 0, 0, 0)
    assert loss(both(still, still)) == 0
    # The swapped map draws together, so every point stays inside and linear sampling is exact.
    matrix, one = expansion(ndim), torch.eye(ndim, dtype=torch.float64)
    inverse = torch.linalg.inv(one + matrix) - one
    there, back = linear(matrix, SPACES[ndim]), linear(inverse, SPACES[ndim])
    assert loss(both(there, back)) < 1e-20
    assert loss(both(there, -0.5 * back)) > 1e-3


@both_dimensions
def test_a_constant_error_is_seen_by_icon_alone(both: Both, ndim: int) -> None:
    there, back = constant(ndim, 1, 2, 3), constant(ndim, 0.5, -1, 1)
    assert GradICON()(both(there, back)) < 1e-20
    expected = (there + back).square().mean()
    assert torch.isclose(ICON()(both(there, back)), expected)
    assert ICON()(both(there, -there)) < 1e-20


@both_dimensions
def test_for_a_linear_error_it_is_the_squared_norm_over_the_components(both: Both, ndim: int) -> None:
    """psi halves distances from the centre: no point leaves the image, where displacements are constant."""
    matrix = torch.randn(ndim, ndim, dtype=torch.float64) / 5
    one = torch.eye(ndim, dtype=torch.float64)
    there, back = linear(matrix, SPACES[ndim]), linear(-0.5 * one, SPACES[ndim])
    error = one - (one + matrix) @ (0.5 * one)
    assert float(GradICON()(both(there, back))) == pytest.approx(float(error.square().sum()) / ndim, rel=1e-6)


@both_dimensions
@both_losses
def test_opposite_velocities_cost_far_less_than_equal_ones(both: Both, loss: Loss, ndim: int) -> None:
    coarse = torch.randn(1, ndim, *([3] * ndim), dtype=torch.float64)
    velocity = spatial.resize(coarse, SPACES[ndim]) / 8
    there = spatial.integrate(velocity)
    opposite, equal = (float(loss(both(there, spatial.integrate(sign * velocity)))) for sign in (-1, 1))
    assert 0 < opposite < 0.05 * equal


@both_dimensions
@both_losses
def test_gradient_equals_central_differences(both: Both, loss: Loss, ndim: int) -> None:
    fields = [
        (spatial.resize(torch.randn(2, ndim, *([3] * ndim), dtype=torch.float64), SPACES[ndim]) / 6)
        for _ in range(2)
    ]

    def value(there: Tensor, back: Tensor) -> Tensor:
        torch.manual_seed(5)
        return loss(both(there, back))

    leaves = [field.requires_grad_() for field in fields]
    gradients = torch.autograd.grad(value(*leaves), leaves)
    directions = [torch.randn_like(leaf) for leaf in leaves]
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))
    step = 1e-7
    with torch.no_grad():
        ahead, behind = (
            value(*(leaf + sign * step * d for leaf, d in zip(leaves, directions, strict=True)))
            for sign in (1, -1)
        )
    assert float(ahead - behind) / (2 * step) == pytest.approx(slope, rel=1e-4)


@both_losses
def test_points_follow_the_seed(both: Both, loss: Loss) -> None:
    there, back = torch.randn(2, 1, 2, *SPACES[2], dtype=torch.float64).unbind()

    def value(seed: int) -> float:
        torch.manual_seed(seed)
        return float(loss(both(there, back)))

    assert value(1) == value(1) != value(2)


@pytest.mark.parametrize(
    "make", [lambda: GradICON(stride=0), lambda: GradICON(delta=0.0), lambda: ICON(stride=0)]
)
def test_no_step_is_refused(make: Callable[[], Loss]) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
