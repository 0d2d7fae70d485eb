"""Kernels: unit sum, symmetric, positive, and a plain sum over neighbours says the same."""

import math

import pytest
import torch

from contreg_plugins.shooting.kernels import normalised

GAUSSIANS = normalised((3.0, 1.2, 0.6), (1.0, 2.0, 1.0))


def impulse(*space: int) -> torch.Tensor:
    image = torch.zeros(1, 1, *space, dtype=torch.float64)
    image[(0, 0, *[size // 2 for size in space])] = 1
    return image


@pytest.mark.parametrize("space", [(41, 41), (9, 8), (9, 7, 8)])
def test_unit_sum_and_a_positive_multiplier(space: tuple[int, ...]) -> None:
    kernel = GAUSSIANS.on(impulse(*space), "periodic")
    assert float(kernel(impulse(*space)).sum()) == pytest.approx(1, abs=1e-12)
    assert float(kernel.multiplier.min()) > 0
    assert float(kernel.multiplier.max()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("boundary", ["zero", "periodic"])
def test_symmetric(boundary: str) -> None:
    a, b = torch.rand(2, 1, 1, 9, 8, dtype=torch.float64)
    kernel = GAUSSIANS.on(a, boundary)
    assert float((a * kernel(b)).sum()) == pytest.approx(float((kernel(a) * b).sum()), rel=1e-12)
    assert float((a * kernel(a)).sum()) > 0


def test_the_weighted_sum_of_sampled_gaussians() -> None:
    response = GAUSSIANS.on(impulse(41, 41))(impulse(41, 41))[0, 0]
    for at in ((0, 0), (1, 0), (2, 3), (-4, 1)):
        square = at[0] ** 2 + at[1] ** 2
        expected = sum(
            weight * math.exp(-square / (2 * sigma**2)) / _line_sum(sigma) ** 2
            for sigma, weight in zip(GAUSSIANS.sigmas, GAUSSIANS.weights, strict=True)
        )
        assert float(response[20 + at[0], 20 + at[1]]) == pytest.approx(expected, rel=1e-4)


def _line_sum(sigma: float) -> float:
    return sum(math.exp(-(k**2) / (2 * sigma**2)) for k in range(-30, 31))


def test_zero_outside_means_the_far_side_is_not_seen() -> None:
    corner = torch.zeros(1, 1, 12, 12, dtype=torch.float64)
    corner[0, 0, 0, 0] = 1
    far = {
        boundary: float(GAUSSIANS.on(corner, boundary)(corner)[0, 0, -1, -1])
        for boundary in ("zero", "periodic")
    }
    assert far["zero"] < 1e-3 * far["periodic"]


def test_larger_voxels_keep_the_kernel() -> None:
    assert GAUSSIANS.shrunk(2).sigmas == (1.5, 0.6, 0.3)
    assert GAUSSIANS.shrunk(2).weights == GAUSSIANS.weights


def test_it_is_its_own_way_back() -> None:
    field = torch.rand(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(GAUSSIANS.on(field), field)
