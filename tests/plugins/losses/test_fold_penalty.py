"""The penalty on folds: oracles.md, and a slow determinant beside the fast one."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Registration
from contreg_plugins.losses.fold_penalty import FoldPenalty, forward_determinant

Build = Callable[..., Registration]
LINEAR = [[0.1, 0.2, 0.3], [0.05, -0.1, 0.15], [0.2, -0.05, 0.1]]


def grid(*space: int) -> Tensor:
    return spatial.identity_grid(space, torch.zeros(1, dtype=torch.float64))


def linear(matrix: list[list[float]], *space: int) -> Tensor:
    return torch.einsum("kl,bl...->bk...", torch.tensor(matrix, dtype=torch.float64), grid(*space))


def test_the_determinant_of_a_linear_displacement() -> None:
    """1.0375; the released code's formula would give 1.0380."""
    found = forward_determinant(linear(LINEAR, 4, 5, 6))
    assert found.shape == (1, 3, 4, 5)
    torch.testing.assert_close(found, torch.full_like(found, 1.0375))


@given(st.sampled_from([2, 3]), st.integers(0, 1000))
def test_the_determinant_is_that_of_the_differences(ndim: int, seed: int) -> None:
    space = (4, 5, 3)[:ndim]
    generator = torch.Generator().manual_seed(seed)
    displacement = 2 * torch.randn(2, ndim, *space, generator=generator, dtype=torch.float64)
    found = forward_determinant(displacement)
    for voxel in torch.cartesian_prod(*(torch.arange(size - 1) for size in space)).tolist():
        here = displacement[(slice(None), slice(None), *voxel)]
        ahead = [[*voxel[:axis], voxel[axis] + 1, *voxel[axis + 1 :]] for axis in range(ndim)]
        steps = [displacement[(slice(None), slice(None), *place)] - here for place in ahead]
        expected = torch.linalg.det(torch.stack(steps, dim=2) + torch.eye(ndim, dtype=torch.float64))
        torch.testing.assert_close(found[(slice(None), *voxel)], expected)


@pytest.mark.parametrize("space", [(4, 6), (4, 6, 5)])
def test_a_mirror_counts_every_voxel_with_neighbours(build: Build, space: tuple[int, ...]) -> None:
    mirror = torch.zeros_like(grid(*space)).repeat(2, *([1] * (len(space) + 1)))
    mirror[:, 0] = -2 * grid(*space)[:, 0]
    registration = build(displacement=mirror)
    voxels = 2 * torch.tensor([size - 1 for size in space]).prod()
    assert FoldPenalty()(registration).item() == voxels
    assert FoldPenalty(reduction="mean")(registration).item() == 1


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_maps_that_do_not_fold_cost_nothing(build: Build, reduction: str) -> None:
    for displacement in (torch.zeros(1, 3, 4, 4, 4), linear(LINEAR, 4, 5, 6), -0.99 * grid(4, 5)):
        assert FoldPenalty(reduction=reduction)(build(displacement=displacement)).item() == 0  # type: ignore[arg-type]


def test_a_step_along_the_gradient_unfolds(build: Build) -> None:
    displacement = (-1.5 * grid(5, 6)).requires_grad_()
    before = FoldPenalty()(build(displacement=displacement))
    assert before == 0  # two mirrored axes turn the image round, which is no fold
    folded = torch.stack((displacement[:, 0], 0 * displacement[:, 1]), dim=1)
    value = FoldPenalty()(build(displacement=folded))
    (gradient,) = torch.autograd.grad(value, displacement)
    moved = displacement - 0.1 * gradient
    after = FoldPenalty()(build(displacement=torch.stack((moved[:, 0], 0 * moved[:, 1]), dim=1)))
    assert after < value
