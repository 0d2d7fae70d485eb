"""Scaling and squaring: oracles.md."""

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Field
from contreg_plugins.warpers.svf import StationaryVelocity


def exponential(values: Tensor, steps: int = 7, scale: int = 1) -> Tensor:
    return StationaryVelocity(steps=steps)(values, Field(values, kind="velocity", scale=scale))


def linear(matrix: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """``v(p) = A p`` about the centre, and ``p``."""
    points = spatial.identity_grid([size] * len(matrix), matrix) - (size - 1) / 2
    return torch.einsum("ij,bj...->bi...", matrix, points), points


def test_zero_and_constants_are_kept() -> None:
    assert (exponential(torch.zeros(1, 3, 6, 7, 5)) == 0).all()
    constant = torch.full((1, 3, 6, 7, 5), 0.75)
    torch.testing.assert_close(exponential(constant), constant)


def test_half_resolution_counts_double() -> None:
    found = exponential(torch.full((1, 2, 6, 6), 0.75), scale=2)
    torch.testing.assert_close(found, torch.full((1, 2, 12, 12), 1.5))


@pytest.mark.parametrize("steps", [4, 7])
def test_a_linear_velocity_compounds(steps: int) -> None:
    matrix = torch.tensor([[0.1, -0.2], [0.2, 0.1]], dtype=torch.float64)
    velocity, points = linear(matrix, 65)
    once = torch.eye(2, dtype=torch.float64) + matrix / 2**steps
    factor = torch.linalg.matrix_power(once, 2**steps) - torch.eye(2, dtype=torch.float64)
    expected = torch.einsum("ij,bj...->bi...", factor, points)
    inside = (points.abs() <= 12).all(1, keepdim=True)
    found = exponential(velocity, steps)
    assert ((found - expected) * inside).abs().max() < 1e-9
    exact = torch.einsum("ij,bj...->bi...", torch.linalg.matrix_exp(matrix), points) - points
    bound = {4: 0.0292, 7: 0.0037}[steps]
    assert ((found - exact) * inside).abs().max().item() == pytest.approx(bound, rel=0.02)


def test_a_scaling_by_a_tenth() -> None:
    velocity, points = linear(0.1 * torch.eye(2, dtype=torch.float64), 33)
    there = exponential(velocity)
    growth = 1 + there[0, 0, 20, 16] / points[0, 0, 20, 16]
    assert growth.item() == pytest.approx(1.1051277707, rel=1e-9)
    back = StationaryVelocity().inverse(velocity, Field(velocity))
    product = growth * (1 + back[0, 0, 20, 16] / points[0, 0, 20, 16])
    assert (product - 1).item() == pytest.approx(-7.8122e-5, rel=1e-3)


def smooth(size: int, sigma: float, most: float) -> Tensor:
    """Gaussian-filtered noise under a Hann window, largest component ``most``."""
    reach = torch.arange(-3 * int(sigma), 3 * int(sigma) + 1, dtype=torch.float64)
    kernel = torch.exp(-(reach**2) / (2 * sigma**2))
    noise = torch.randn(2, 1, size, size, dtype=torch.float64)
    for axis in (2, 3):
        shape = [1, 1, 1, 1]
        shape[axis] = len(kernel)
        noise = torch.nn.functional.conv2d(noise, kernel.view(shape), padding="same")
    window = torch.hann_window(size, periodic=False, dtype=torch.float64)
    field = noise[:, 0] * window[:, None] * window
    return (most * field / field.abs().max())[None]


def test_the_inverse_undoes_it_and_nothing_folds() -> None:
    velocity = smooth(64, 6, 3)
    warper, field = StationaryVelocity(), Field(velocity)
    there, back = warper(velocity, field), warper.inverse(velocity, field)
    assert spatial.compose(there, back).abs().max() < 0.05
    assert spatial.compose(back, there).abs().max() < 0.05
    assert spatial.jacobian_determinant(there).min() > 0


def test_swapped_images_and_the_inverse_are_one_field_where_the_velocity_is_antisymmetric() -> None:
    """oracles.md: with v_yx = -v_xy the two directions of segmentation agree exactly."""
    velocity, warper = smooth(32, 6, 3), StationaryVelocity()
    inverse = warper.inverse(velocity, Field(velocity, kind="velocity", scale=2))
    swapped = warper(-velocity, Field(-velocity, kind="velocity", scale=2))
    assert torch.equal(inverse, swapped)
