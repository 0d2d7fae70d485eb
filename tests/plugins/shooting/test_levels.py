"""Levels: grids that fit, and the momentum's factor of four."""

from typing import Any

import pytest
import torch

from contreg_plugins.shooting.integrators import hamiltonian, velocity
from contreg_plugins.shooting.kernels import Gaussians
from contreg_plugins.shooting.levels import DISPLACEMENT, MOMENTUM, doubled, grown, shrunk

KERNEL = Gaussians((8.0,), (1.0,))


def test_grids_fit_and_constants_stay() -> None:
    image = torch.full((1, 1, 9, 12, 8), 0.3)
    assert shrunk(grown(image, 4), 4).shape[2:] == (3, 4, 3)
    assert torch.allclose(shrunk(grown(image, 4), 4), torch.tensor(0.3))
    assert doubled(shrunk(grown(image, 2), 2), 1).shape[2:] == grown(image, 2).shape[2:]
    assert torch.equal(grown(image, 1), image)


def test_a_linear_image_is_read_where_its_voxels_are() -> None:
    ramp = torch.arange(9.0).expand(1, 1, 5, 9)
    assert shrunk(ramp, 2)[0, 0, 0, 1:-1].tolist() == [2, 4, 6]


def test_a_displacement_counts_twice_as_many_voxels() -> None:
    assert torch.equal(doubled(torch.ones(1, 2, 3, 4), DISPLACEMENT), torch.full((1, 2, 5, 7), 2.0))


@pytest.fixture(name="both")
def _both(blob: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Image, momentum and kernel of one problem: voxels of 2, and of 1."""
    image, momentum = blob((65, 65)), 30 * blob((33, 33), 0.05)
    coarse = shrunk(image, 2)
    return (
        (coarse, momentum, KERNEL.shrunk(2).on(coarse)),
        (image, doubled(momentum, MOMENTUM), KERNEL.on(image)),
    )


def test_four_times_the_momentum_is_twice_the_velocity_in_voxels(both: Any) -> None:
    coarse, fine = (velocity(*problem) for problem in both)
    ratio = float(fine.norm(dim=1).max() / coarse.norm(dim=1).max())
    assert ratio == pytest.approx(2, rel=0.02)


def test_alpha_times_the_squared_voxel_keeps_the_balance(both: Any) -> None:
    """The energy of the path for voxels of 2 is counted four times more, so that both levels weigh it alike."""
    coarse, fine = (float(hamiltonian(*problem)) for problem in both)
    voxels = 2**2
    assert fine == pytest.approx(2**2 * voxels * coarse, rel=0.04)
