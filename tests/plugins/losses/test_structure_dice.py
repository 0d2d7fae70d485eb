"""Overlap of structures after registration: known answers."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Compared, Embeddings, Registration
from contreg_plugins.losses.local_contrast import LocalContrast
from contreg_plugins.losses.structure_dice import StructureDice


def beside(
    registration: Registration, moving: Tensor, fixed: Tensor, truth: Tensor | None = None
) -> Registration:
    """The registration with these shares, and this true displacement."""
    pair = registration.pair
    known = torch.full((len(fixed),), truth is not None)
    compared = Compared.like(pair, moving.shape[1])
    compared = replace(compared, moving_shares=moving, fixed_shares=fixed, known=known)
    if truth is not None:
        compared = replace(compared, displacement=truth)
    carried = spatial.warp(moving, registration.displacement)
    return replace(registration, pair=replace(pair, compared=compared), shares=carried)


def halves(size: int = 8) -> Tensor:
    """Two structures, the left and the right half of a square, two voxels inside its border."""
    shares = torch.zeros(1, 2, size, size)
    shares[:, 0, 2 : size // 2, 2:-2] = 1
    shares[:, 1, size // 2 : -2, 2:-2] = 1
    return shares


def test_equal_structures_lose_nothing(build) -> None:
    found = StructureDice()(beside(build(fixed=torch.ones(1, 1, 8, 8)), halves(), halves()))
    assert found.item() == pytest.approx(0, abs=1e-6)


def test_exchanged_structures_lose_nearly_all(build) -> None:
    exchanged = halves().flip(1)
    found = StructureDice()(beside(build(fixed=torch.ones(1, 1, 8, 8)), exchanged, halves()))
    assert found.item() == pytest.approx(1 - 1 / 17)  # 8 voxels each


def test_a_shift_that_the_displacement_undoes(build) -> None:
    displacement = torch.zeros(1, 2, 8, 8)
    displacement[:, 0] = 1
    registration = build(fixed=torch.ones(1, 1, 8, 8), displacement=displacement)
    undone = StructureDice()(beside(registration, halves().roll(1, 2), halves()))
    assert undone.item() == pytest.approx(0, abs=1e-6)
    assert StructureDice()(beside(registration, halves(), halves())) > 0.3


def test_the_gradient_leads_to_the_overlap(build) -> None:
    displacement = torch.full((1, 2, 8, 8), 0.5).requires_grad_()
    loss = StructureDice()(
        beside(build(fixed=torch.ones(1, 1, 8, 8), displacement=displacement), halves(), halves())
    )
    loss.backward()
    assert displacement.grad is not None
    assert displacement.grad.sum() > 0


def test_where_the_way_is_known_dense_positives_lie_on_it(build) -> None:
    """Of one anatomy rendered twice the registration's own answer is not asked."""
    features = torch.nn.functional.normalize(torch.randn(1, 64, 8, 8), dim=1)
    empty = torch.zeros(1, 1)
    embeddings = Embeddings(empty, empty, features.roll(1, dims=2), features)
    mask = torch.ones(1, 1, 8, 8, dtype=torch.bool)
    mask[:, :, -1] = False
    plain = build(fixed=torch.ones(1, 1, 8, 8), embeddings=embeddings, mask=mask)
    truth = torch.zeros(1, 2, 8, 8)
    truth[:, 0] = 1
    loss = LocalContrast(radius=0, points=64)
    known, unknown = (loss(beside(plain, halves(), halves(), one)) for one in (truth, None))
    assert known < 0.05 < unknown
