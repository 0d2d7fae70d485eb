"""A model's laws, whatever its components."""

from collections.abc import Callable

import pytest
import torch

from contreg_core import spatial
from contreg_core.catalogue import Catalogue
from contreg_core.model import parameter_count
from contreg_core.recipe import Recipe, build
from contreg_core.types import Pair


@pytest.mark.parametrize("space", [(8, 12, 8), (9, 10, 11), (7, 13)])
def test_any_size_gives_its_own_grid_and_warps_by_the_displacement(
    space: tuple[int, ...], catalogue: Catalogue, tiny_recipe: Callable[..., Recipe]
) -> None:
    torch.manual_seed(0)
    model, _ = build(tiny_recipe("warper.steps=3", base="contrastive-vae"), catalogue, ndim=len(space))
    pair = Pair(*torch.rand(2, 2, 1, *space).unbind())
    registration = model.eval()(pair, draw=True, inverse=True)
    assert registration.displacement.shape == (2, len(space), *space)
    assert torch.equal(registration.warped, spatial.warp(pair.moving, registration.displacement))
    assert registration.inverse is not None
    assert registration.warped_back is not None
    assert torch.equal(registration.warped_back, spatial.warp(pair.fixed, registration.inverse))
    assert model(pair).inverse is None


def test_the_mean_is_repeatable_and_draws_differ(
    catalogue: Catalogue, tiny_recipe: Callable[..., Recipe]
) -> None:
    model, _ = build(tiny_recipe("decoder.log_variance_bias=0", base="contrastive-vae"), catalogue)
    pair = Pair(*torch.rand(2, 1, 1, 8, 12, 8).unbind())
    model.eval()
    assert torch.equal(model(pair).displacement, model(pair).displacement)
    assert not torch.equal(model(pair, draw=True).displacement, model(pair, draw=True).displacement)


def test_swapped_pairs() -> None:
    moving, fixed = torch.rand(2, 1, 1, 4, 4).unbind()
    pair = Pair(moving, fixed, torch.tensor([[1, 2]]), fixed > 0.5).swapped()
    assert pair.moving is fixed
    assert pair.fixed is moving
    assert pair.mask is None
    assert pair.subjects is not None
    assert pair.subjects.tolist() == [[2, 1]]


def test_the_objective_is_the_weighted_sum(catalogue: Catalogue, tiny_recipe: Callable[..., Recipe]) -> None:
    model, objective = build(tiny_recipe(base="contrastive-vae"), catalogue)
    value = objective(model(Pair(*torch.rand(2, 1, 1, 8, 12, 8).unbind()), draw=True))
    total = sum(weight * float(value.terms[name].detach()) for name, weight in objective.weights.items())
    assert float(value.total.detach()) == pytest.approx(total)
    assert value.terms.keys() == objective.weights.keys()


def test_frozen_parameters_do_not_count() -> None:
    module = torch.nn.Linear(3, 2)
    module.bias.requires_grad_(False)
    assert parameter_count(module) == 6
