"""What every solver here that brings its own functional keeps: ConvexAdam and log-demons."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.objective import Objective
from contreg_core.types import Displacement, Field, Pair
from contreg_plugins.solvers.convexadam import ConvexAdam
from contreg_plugins.solvers.logdemons import LogDemons
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity

Blobs: TypeAlias = Callable[..., Tensor]
Wave: TypeAlias = Callable[..., Tensor]
SPACES = [(33, 30), (26, 23, 24)]
CASES = {
    "convexadam": (ConvexAdam(step=1, radius=3, smoothness=0.01), DisplacementWarper()),
    "logdemons": (LogDemons(shrink=(2, 1)), StationaryVelocity(steps=5)),
    "logdemons-symmetric": (LogDemons(shrink=(2, 1), symmetric=True), StationaryVelocity(steps=5)),
}
every_solver = pytest.mark.parametrize(("solver", "warper"), CASES.values(), ids=CASES)


@torch.no_grad()
def solved(solver: Solver, warper: Warper, pair: Pair, start: Field | None = None) -> Displacement:
    field = solver(pair, start, Objective({}), warper)
    return spatial.crop_to(warper(field.expected(), field), pair.space)


def far(found: Tensor, known: Tensor) -> float:
    """The mean distance in voxels, three voxels from the border on."""
    inner = (slice(None), slice(None), *[slice(3, -3)] * (known.ndim - 2))
    return float((found - known)[inner].norm(dim=1).mean())


@every_solver
@pytest.mark.parametrize("space", SPACES)
def test_an_image_and_itself_stay_put(
    blobs: Blobs, solver: Solver, warper: Warper, space: tuple[int, ...]
) -> None:
    image = blobs(space)
    displacement = solved(solver, warper, Pair(image, image))
    assert displacement.shape == (1, len(space), *space)
    assert displacement.dtype == torch.float32
    assert float(displacement.abs().max()) < 1e-5


@every_solver
@pytest.mark.parametrize("space", SPACES)
def test_a_known_smooth_displacement_is_found(
    blobs: Blobs, wave: Wave, solver: Solver, warper: Warper, space: tuple[int, ...]
) -> None:
    """And in its direction: fixed(p) = moving(p + u). Within 0.25 voxel on average, of up to 2."""
    moving, known = blobs(space), wave(space, 2)
    found = solved(solver, warper, Pair(moving, spatial.warp(moving, known)))
    assert far(torch.zeros_like(known), known) > 0.6
    assert far(found, known) < 0.25


@every_solver
def test_a_batch_is_its_pairs(blobs: Blobs, wave: Wave, solver: Solver, warper: Warper) -> None:
    space = SPACES[0]
    moving = torch.cat([blobs(space, seed) for seed in (0, 1)])
    fixed = torch.cat([spatial.warp(moving[:1], wave(space, 2)), 3 * blobs(space, 2)])
    both = solved(solver, warper, Pair(moving, fixed))
    alone = [solved(solver, warper, Pair(moving[k : k + 1], fixed[k : k + 1])) for k in (0, 1)]
    assert torch.equal(both, torch.cat(alone))
    assert torch.equal(both, solved(solver, warper, Pair(moving, fixed)))


@every_solver
def test_a_start_is_built_upon(blobs: Blobs, wave: Wave, solver: Solver, warper: Warper) -> None:
    """Twelve voxels are beyond the reach of either from nothing, and not from near by."""
    space = (48, 44)
    moving, known = blobs(space), torch.zeros(1, 2, *space)
    known[:, 0] = 12
    pair = Pair(moving, spatial.warp(moving, known))
    start = Field(known - wave(space, 1.5))
    found = solved(solver, warper, pair, start)
    assert far(found[..., :-14, :], known[..., :-14, :]) < 0.25 < far(solved(solver, warper, pair), known)


@every_solver
def test_nothing_is_learned(blobs: Blobs, solver: Solver, warper: Warper) -> None:
    assert list(solver.parameters()) == list(solver.buffers()) == []
    before = dict(vars(solver))
    solved(solver, warper, Pair(blobs((16, 16)), blobs((16, 16), 1)))
    assert vars(solver) == before


@every_solver
def test_flat_images_are_no_trouble(solver: Solver, warper: Warper) -> None:
    flat = torch.zeros(1, 1, 12, 10)
    assert torch.equal(solved(solver, warper, Pair(flat, flat)), torch.zeros(1, 2, 12, 10))
