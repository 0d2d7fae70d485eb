"""What is ConvexAdam's own."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.objective import Objective
from contreg_core.types import Pair
from contreg_plugins.solvers.convexadam import ConvexAdam
from contreg_plugins.solvers.instance import ControlGrid
from contreg_plugins.warpers.displacement import DisplacementWarper

Blobs = Callable[..., Tensor]
Wave = Callable[..., Tensor]


@torch.no_grad()
def solved(pair: Pair, **knobs: float) -> Tensor:
    solver = ConvexAdam(**knobs)  # type: ignore[arg-type]
    return solver(pair, None, Objective({}), DisplacementWarper()).mean


def test_contrast_does_not_matter(blobs: Blobs, wave: Wave) -> None:
    moving = blobs((32, 28))
    fixed = spatial.warp(moving, wave((32, 28), 2))
    found = [solved(Pair(moving, other), step=1) for other in (fixed, 0.7 - 0.5 * fixed)]
    assert torch.allclose(*found, atol=0.02)
    assert found[0].abs().max() > 1


def test_adam_refines_the_search(blobs: Blobs, wave: Wave) -> None:
    moving, known = blobs((40, 36)), wave((40, 36), 2.5)
    pair = Pair(moving, spatial.warp(moving, known))
    errors = [
        float((solved(pair, smoothness=0.01, steps=steps) - known).norm(dim=1).mean()) for steps in (0, 48)
    ]
    assert errors[1] < errors[0] / 2


def test_a_steep_weight_leaves_the_search_as_it_is(blobs: Blobs) -> None:
    """Adam's last values cost more than its first: the start is what comes back."""
    pair = Pair(blobs((24, 20)), blobs((24, 20), 1))
    kept = solved(pair, steps=1, rate=50.0, smoothness=1.0)
    assert torch.equal(kept, solved(pair, steps=0))


@pytest.mark.parametrize("space", [(12, 9), (7, 8, 10)])
@pytest.mark.parametrize("spacing", [1, 2, 3])
def test_the_lattices_of_a_control_grid_are_its_dense_field(space: tuple[int, ...], spacing: int) -> None:
    grid = ControlGrid(space, spacing, 2)
    values = grid.smoothed(grid.read(torch.rand(1, len(space), *space)))
    dense = grid.dense(values)
    seen = torch.zeros_like(dense)
    for offset in grid.offsets:
        cut = (slice(None), slice(None), *[slice(start, None, spacing) for start in offset])
        assert torch.equal(grid.dense(values, offset), dense[cut])
        seen[cut] += 1
    assert torch.equal(seen, torch.ones_like(seen))


@pytest.mark.parametrize("knobs", [{"step": 3}, {"radius": 0}])
def test_impossible_searches_are_refused(knobs: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="step 3 does not divide|at least 1"):
        ConvexAdam(**knobs)  # type: ignore[arg-type]
