"""Random anatomies: a function of the generator, smooth and one to one; the way between two of one map is exact."""

import numpy as np
import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.rendering.anatomy import between, displacement, smooth_field
from contreg_core.rendering.knobs import Rendering

CPU = torch.device("cpu")
SPACES = [(24, 20), (24, 20, 22)]


def grown(space: tuple[int, ...], seed: int, **knobs: float) -> Tensor:
    return displacement(space, 4.0, Rendering(**knobs), np.random.default_rng(seed), CPU)  # type: ignore[arg-type]


def interior(values: Tensor, margin: int = 7) -> Tensor:
    return values[(slice(None), slice(None), *[slice(margin, -margin)] * (values.ndim - 2))]


@pytest.mark.parametrize("space", SPACES)
def test_the_same_seed_is_the_same_anatomy_bit_by_bit(space: tuple[int, ...]) -> None:
    first, again, other = grown(space, 3), grown(space, 3), grown(space, 4)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("space", SPACES)
def test_nothing_folds(space: tuple[int, ...]) -> None:
    assert all(bool((spatial.jacobian_determinant(grown(space, seed)) > 0).all()) for seed in range(5))


@pytest.mark.parametrize("space", SPACES)
def test_without_knobs_nothing_moves(space: tuple[int, ...]) -> None:
    assert not grown(space, 1, warp=0.0, turn=0.0, stretch=0.0).any()


@pytest.mark.parametrize("space", SPACES)
def test_the_way_between_two_linear_anatomies_is_the_quotient_of_their_matrices(
    space: tuple[int, ...],
) -> None:
    """Analytic: with A and B about the middle, ``p + u(p) = A^-1 B p``."""
    moving, fixed = (grown(space, seed, warp=0.0, turn=4.0, stretch=0.05) for seed in (1, 2))
    first, second = (_matrix(one) for one in (moving, fixed))
    expected = torch.linalg.solve(first, second) - torch.eye(len(space))
    middle = torch.tensor([(size - 1) / 2 for size in space]).reshape(1, -1, *[1] * len(space))
    points = spatial.identity_grid(space, moving) - middle
    found = between(moving, fixed)
    torch.testing.assert_close(
        interior(found, 3), interior(torch.einsum("ij,bj...->bi...", expected, points), 3), atol=1e-3, rtol=0
    )


def _matrix(linear: Tensor) -> Tensor:
    """Of ``p + u(p)``, by its differences along the axes."""
    ndim = linear.shape[1]
    start = linear[(0, slice(None), *[5] * ndim)]
    columns = []
    for axis in range(ndim):
        place = [5] * ndim
        place[axis] += 1
        columns.append(linear[(0, slice(None), *place)] - start)
    return torch.eye(ndim) + torch.stack(columns, dim=1)


@pytest.mark.parametrize("space", SPACES)
def test_the_way_between_two_anatomies_composes(space: tuple[int, ...]) -> None:
    """``(id + u_moving) o (id + u) = id + u_fixed``."""
    moving, fixed = grown(space, 5), grown(space, 6)
    composed = spatial.compose(moving, between(moving, fixed))
    assert interior(composed - fixed).abs().max() < 0.01
    assert interior(moving - fixed).abs().max() > 0.5  # there was something to find


def test_a_smooth_field_is_standard_normal_at_its_nodes() -> None:
    field = smooth_field((40, 40), 40, np.random.default_rng(0), CPU)
    assert field.shape == (1, 1, 40, 40)
    assert field.std().item() == pytest.approx(1, abs=0.1)
