"""What is log-demons' own."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair
from contreg_plugins.solvers.logdemons import LogDemons, force
from contreg_plugins.warpers.svf import StationaryVelocity

Blobs = Callable[..., Tensor]
Wave = Callable[..., Tensor]


def test_the_force_leads_from_the_warped_image_to_the_fixed_one() -> None:
    """On a ramp of slope s moved by t: difference s t, so t / (1 + t^2 / noise^2) voxels along its axis."""
    warped = 0.1 * torch.arange(12.0).view(1, 1, 12, 1).expand(1, 1, 12, 8)
    pushed = force(warped, warped + 0.1 * 0.5, noise=1.0)
    assert torch.allclose(pushed[:, 0], torch.full((1, 12, 8), 0.5 / 1.25))
    assert torch.equal(pushed[:, 1], torch.zeros(1, 12, 8))


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_the_force_is_bounded(blobs: Blobs, noise: float) -> None:
    pushed = force(blobs((30, 30)), 10 * blobs((30, 30), 1), noise)
    assert noise / 4 < float(pushed.norm(dim=1).max()) <= noise / 2 + 1e-6


def test_both_ways_make_the_inverse_of_the_swapped_pair(blobs: Blobs, wave: Wave) -> None:
    solver, warper = LogDemons(shrink=(2, 1), symmetric=True), StationaryVelocity()
    pair = Pair(blobs((32, 28)), spatial.warp(blobs((32, 28)), wave((32, 28), 2)))
    with torch.no_grad():
        there, back = (solver(each, None, Objective({}), warper).mean for each in (pair, pair.swapped()))
    assert torch.allclose(there, -back, atol=1e-4)
    assert LogDemons().needed() == frozenset()
    assert solver.needed() == {"inverse"}


def test_it_never_ends_worse_than_it_began(blobs: Blobs) -> None:
    """A force without any smoothing overshoots; the best velocity comes back."""
    pair = Pair(blobs((24, 24), 0, 0.8), blobs((24, 24), 1, 0.8))
    warper = StationaryVelocity()
    with torch.no_grad():
        field = LogDemons(shrink=(1,), fluid=0.3, diffusion=0.0, noise=20.0)(
            pair, None, Objective({}), warper
        )
        warped = warper.warp(pair.moving, warper(field.mean, field))
    assert (warped - pair.fixed).square().mean() < (pair.moving - pair.fixed).square().mean()


def test_a_given_velocity_of_another_scale_is_taken_over() -> None:
    flat = torch.zeros(1, 1, 16, 12)
    given = Field(torch.full((1, 2, 4, 3), 0.5), kind="velocity", scale=4)
    with torch.no_grad():
        field = LogDemons(iterations=1)(Pair(flat, flat), given, Objective({}), StationaryVelocity())
    assert field.scale == 2
    assert torch.allclose(field.mean, torch.ones(1, 2, 8, 6))


@pytest.mark.parametrize("shrink", [(), (2, 4, 1), (4, 2)])
def test_levels_end_at_the_pair_itself(shrink: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="does not fall to 1"):
        LogDemons(shrink=shrink)
