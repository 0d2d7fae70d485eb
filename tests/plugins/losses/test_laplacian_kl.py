"""The Laplacian prior's KL against oracles.md."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from contreg_core.types import Registration
from contreg_plugins.losses.laplacian_kl import LaplacianKL, degree
from contreg_plugins.losses.smoothness import GradientL2

Build = Callable[..., Registration]


def quadratic(build: Build, mean: Tensor, loss: LaplacianKL) -> Tensor:
    """The part of the loss that reads the mean."""
    log_variance = torch.zeros_like(mean)
    return loss(build(mean=mean, log_variance=log_variance)) - loss(
        build(mean=torch.zeros_like(mean), log_variance=log_variance)
    )


def laplacian(size: int) -> Tensor:
    """``D - A`` of the 6-neighbour graph on ``size^3``, dense."""
    points = torch.tensor(list(product(range(size), repeat=3)), dtype=torch.float64)
    adjacent = (torch.cdist(points, points, p=1) == 1).double()
    return torch.diag(adjacent.sum(1)) - adjacent


def test_degrees_are_neighbour_counts() -> None:
    counts = degree(torch.zeros(1, 3, 3, 3, 3, dtype=torch.float64))[0, 0]
    assert [counts[k].item() for k in ((1, 1, 1), (0, 1, 1), (0, 0, 1), (0, 2, 0))] == [6, 5, 4, 3]
    torch.testing.assert_close(counts.flatten(), laplacian(3).diagonal())


def test_the_quadratic_part_is_the_dense_form(build: Build) -> None:
    mean = torch.randn(2, 3, 3, 3, 3, dtype=torch.float64)
    rows = mean.flatten(2)
    expected = 10 * torch.einsum("bci,ij,bcj->", rows, laplacian(3), rows) / 2 / (2 * 27)
    torch.testing.assert_close(quadratic(build, mean, LaplacianKL(precision=10)), expected)


def test_its_gradient_is_the_laplacian_of_the_mean(build: Build) -> None:
    mean = torch.randn(1, 3, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(quadratic(build, mean, LaplacianKL(precision=10)), mean)
    expected = 10 * (mean.detach().flatten(2) @ laplacian(3)).reshape(mean.shape) / 27
    torch.testing.assert_close(gradient, expected)


def test_a_constant_mean_costs_nothing(build: Build) -> None:
    assert quadratic(build, torch.full((1, 3, 4, 5, 6), 7.0), LaplacianKL()).item() == 0


def test_a_ramp_has_one_edge_a_voxel(build: Build) -> None:
    mean = torch.zeros(1, 3, 8, 8, 8, dtype=torch.float64)
    mean[0, 0] = torch.arange(8).view(8, 1, 1)
    assert 2 * quadratic(build, mean, LaplacianKL(precision=1)).item() == pytest.approx(0.875)


@pytest.mark.parametrize(("index", "expected"), [((2, 2, 2), -4.0943445622), ((0, 0, 0), -3.4011973817)])
def test_the_best_variance(build: Build, index: tuple[int, int, int], expected: float) -> None:
    log_variance = torch.zeros(1, 3, 5, 5, 5, dtype=torch.float64)
    log_variance[(0, 0, *index)] = expected
    log_variance.requires_grad_()
    loss = LaplacianKL(precision=10)(build(mean=torch.zeros_like(log_variance), log_variance=log_variance))
    (gradient,) = torch.autograd.grad(loss, log_variance)
    assert abs(float(gradient[(0, 0, *index)])) < 1e-9


@pytest.mark.parametrize("size", [6, 24])
def test_ratio_to_the_voxelmorph_form(build: Build, size: int) -> None:
    mean = torch.randn(1, 3, size, size, size, dtype=torch.float64)
    exact, library = (quadratic(build, mean, LaplacianKL(scale=scale)) for scale in ("exact", "voxelmorph"))
    assert (exact / library).item() == pytest.approx(6 * (size - 1) / size)


def test_the_voxelmorph_form(build: Build) -> None:
    mean, log_variance = torch.randn(2, 1, 3, 4, 5, 6, dtype=torch.float64)
    steps = torch.stack([mean.diff(dim=axis).square().mean() for axis in (2, 3, 4)]).sum()
    spread = (10 * degree(mean) * log_variance.exp() - log_variance).mean()
    expected = 3 / 2 * (spread + 10 * steps / 2 / 3)
    found = LaplacianKL(precision=10, scale="voxelmorph")(build(mean=mean, log_variance=log_variance))
    torch.testing.assert_close(found, expected)


def test_the_weight_that_makes_it_a_gradient_penalty(build: Build) -> None:
    size, precision, penalty = 8, 10.0, 0.3
    mean = torch.randn(1, 3, size, size, size, dtype=torch.float64)
    term = 2 * penalty / (9 * precision) * quadratic(build, mean, LaplacianKL(precision=precision))
    expected = penalty * GradientL2(of="mean")(build(mean=mean)) * (size - 1) / size
    torch.testing.assert_close(term, expected)
