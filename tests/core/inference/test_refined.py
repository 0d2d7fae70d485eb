"""A trained model refined: better by the refining objective, otherwise that model."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.errors import MismatchError
from contreg_core.inference.refined import RefinedModel
from contreg_core.inference.solved import load_solver
from contreg_core.inference.symmetric import SymmetricModel
from contreg_core.inference.trained import TrainedModel
from contreg_core.model import register_by
from contreg_core.recipe import Recipe, build

SPACE = (9, 12, 10)  # is padded
Make = Callable[..., TrainedModel]
TINY = ("contrastive-vae", "voxelmorph", "lapirn")
MODELS = [*TINY, "contrastive-vae/reference", "voxelmorph-diff", "faim"]


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    first, second = np.random.default_rng(0).random((2, *SPACE), dtype=np.float32)
    return first, second


@pytest.fixture
def make(catalogue: Catalogue, cpu: Engine, tiny_recipe: Callable[..., Recipe]) -> Make:
    """``make(recipe)``: a model with its first weights."""

    def untrained(base: str) -> TrainedModel:
        recipe = tiny_recipe(base=base) if base in TINY else catalogue.recipe(base)
        torch.manual_seed(0)
        model, _ = build(recipe, catalogue)
        return TrainedModel(model.eval(), recipe, cpu, {"data": {"landmarks": [1.0], "grid": list(SPACE)}})

    return untrained


def loss(model: RefinedModel, registration) -> float:
    with torch.no_grad():
        return float(model.objective(registration).total)


@pytest.mark.parametrize("base", MODELS)
def test_every_model_is_refined(make: Make, catalogue, cpu, images, base: str) -> None:
    trained = make(base)
    model = RefinedModel.of(trained, 4, catalogue, cpu)
    before, after = trained.register(*images), model.register(*images, inverse=trained.invertible)
    assert loss(model, after) < loss(model, register_by(before.field, before.pair, trained.model.warper))
    assert (after.field.kind, after.field.scale) == (before.field.kind, 1)
    assert after.field.mean.shape[2:] == tuple(
        before.field.scale * size for size in before.field.mean.shape[2:]
    )
    assert after.displacement.shape == (1, 3, *SPACE)
    assert (after.inverse is not None) == trained.invertible
    assert (model.recipe, model.record, model.prediction.words) == (
        trained.recipe,
        trained.record,
        ("refine 4",),
    )


def test_no_weight_changes(make: Make, catalogue, cpu, images) -> None:
    trained = make("voxelmorph")
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    RefinedModel.of(trained, 2, catalogue, cpu).register(*images)
    assert all(torch.equal(value, before[name]) for name, value in trained.model.state_dict().items())
    assert all(parameter.grad is None for parameter in trained.model.parameters())


def test_symmetric_first_then_refined(make: Make, catalogue, cpu, images) -> None:
    symmetric = SymmetricModel.of(make("contrastive-vae"))
    model = RefinedModel.of(symmetric, 3, catalogue, cpu)
    before, after = symmetric.register(*images), model.register(*images, inverse=True)
    assert model.prediction.words == ("symmetric", "refine 3")
    assert loss(model, after) < loss(model, before)
    assert after.inverse is not None


def test_two_calls_agree_bit_for_bit(make: Make, catalogue, cpu, images) -> None:
    model = RefinedModel.of(make("voxelmorph"), 3, catalogue, cpu)
    assert torch.equal(model.register(*images).displacement, model.register(*images).displacement)


def test_a_solver_is_not_refined(catalogue: Catalogue, cpu: Engine) -> None:
    solver = load_solver(catalogue.recipe("svf-adam"), catalogue, cpu)
    with pytest.raises(MismatchError, match="no field to refine"):
        RefinedModel.of(solver, 3, catalogue, cpu)
