"""The discrete stage alone: what is moved by whole voxels is found exactly."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from contreg_plugins.solvers.coupled_convex import Search, consistent, cost_volume, coupled_convex, spread

Blobs = Callable[..., Tensor]


def moved(blobs: Blobs, shift: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """(fixed, moving) with ``fixed(p) = moving(p + shift)``, cut from one larger image so that no border is made up."""
    size, room = (28 if len(shift) == 3 else 48), 6
    image = blobs((size + 2 * room,) * len(shift))
    cuts = [[slice(room - s * k, room - s * k + size) for s in shift] for k in (0, 1)]
    fixed, moving = (image[(slice(None), slice(None), *cut)] for cut in cuts)
    return fixed, moving


@pytest.mark.parametrize(
    ("search", "shift"),
    [
        (Search(4, 1, 4), (3, -2)),
        (Search(4, 2, 3), (-4, 6)),
        (Search(2, 2, 2), (2, 0)),
        (Search(3, 1, 2), (-1, 2, 1)),
        (Search(4, 2, 2), (2, -4, 0)),
    ],
)
def test_a_translation_is_found_exactly(blobs: Blobs, search: Search, shift: tuple[int, ...]) -> None:
    fixed, moving = moved(blobs, shift)
    costs = cost_volume(fixed, moving, search)
    field = coupled_convex(costs, search.displacements(fixed), 1e-4)
    # A point whose partner lies outside the moving image knows nothing.
    rim = 3 if len(shift) == 3 else 4
    inner = field[(slice(None), slice(None), *[slice(rim, -rim)] * len(shift))]
    assert inner.numel()
    assert torch.allclose(inner, torch.tensor(shift).float().view(1, -1, *[1] * len(shift)).expand_as(inner))


def test_costs_equal_the_definition(blobs: Blobs) -> None:
    """Without the averaging over cubes (spacing 1), entry by entry."""
    fixed, moving = (
        torch.cat([blobs((6, 7), k) for k in (0, 1)], 1),
        torch.cat([blobs((6, 7), k) for k in (2, 3)], 1),
    )
    search = Search(1, 1, 1)
    costs = cost_volume(fixed, moving, search)
    displacements = search.displacements(fixed)
    assert costs.shape == (1, 9, 6, 7)
    assert displacements.tolist() == [list(d) for d in product((-1, 0, 1), repeat=2)]
    for entry, i, j in [(0, 2, 3), (5, 4, 1), (8, 0, 0), (2, 3, 6)]:
        k, m = (torch.tensor([i, j]) + displacements[entry].long()).tolist()
        landed = moving[0, :, min(max(k, 0), 5), min(max(m, 0), 6)]
        assert float(costs[0, entry, i, j]) == pytest.approx(
            float((fixed[0, :, i, j] - landed).square().mean())
        )


def test_where_nothing_is_known_nothing_moves() -> None:
    flat = torch.ones(1, 4, 12, 12)
    search = Search(4, 2, 2)
    field = coupled_convex(cost_volume(flat, flat, search), search.displacements(flat), 0.01)
    assert torch.equal(field, torch.zeros_like(field))


def test_consistent_fields_are_inverse() -> None:
    there, back = torch.full((1, 2, 6, 6), 2.0), torch.full((1, 2, 6, 6), -1.0)
    there, back = consistent(there, back, 4, 20)
    assert torch.allclose(there, -back, atol=1e-4)
    assert torch.allclose(there, torch.full_like(there, 1.5), atol=1e-4)


@pytest.mark.parametrize("space", [(9, 8), (12, 13), (5, 6, 7)])
def test_spreading_keeps_the_points_and_constants(space: tuple[int, ...]) -> None:
    points = Search(4, 2, 1).points(space)
    field = torch.rand(1, len(space), *points)
    dense = spread(field, space, 4)
    assert dense.shape[2:] == space
    assert torch.equal(dense[(slice(None), slice(None), *[slice(None, None, 4)] * len(space))], field)
    assert torch.equal(spread(torch.ones_like(field), space, 4), torch.ones_like(dense))
