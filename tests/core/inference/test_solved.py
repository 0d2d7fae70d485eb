"""A solver's recipe registers without training; what does not fit together is refused."""

import numpy as np
import pytest
import torch

from contreg_core.catalogue import Catalogue, Contribution
from contreg_core.components import Solver, Warper
from contreg_core.engine import Engine
from contreg_core.errors import UsageError
from contreg_core.inference.solved import load_solver
from contreg_core.recipe import Recipe, build, build_solver, dump_recipe, load_recipe, override
from contreg_core.types import Field


class Shift(Solver):
    """A constant displacement along axis 0, on top of where it starts.

    Knobs:
        voxels: how far.
    """

    name = "shift"

    def __init__(self, *, voxels: float = 2.0) -> None:
        super().__init__()
        self.voxels = voxels

    def forward(self, pair, field, objective, warper):
        start = torch.zeros(1, pair.ndim, *pair.space) if field is None else field.mean
        assert not torch.is_grad_enabled()
        return Field(start + torch.tensor([self.voxels, *[0.0] * (pair.ndim - 1)]).view(1, -1, 1, 1, 1))


class Same(Warper):
    """The field as it is."""

    name = "same"
    gives = frozenset({"inverse"})

    def forward(self, values, field):
        return values

    def inverse(self, values, field):
        return -values


TEXT = """
name = "shifted"
summary = "A toy."
[solver]
name = "shift"
[warper]
name = "same"
"""
CATALOGUE = Catalogue.of([Contribution("toys", "toys", components=(Shift, Same))])
CPU = Engine.choose("cpu", "float32")


@pytest.fixture(name="recipe")
def _recipe() -> Recipe:
    return load_recipe(TEXT)


def test_registers(recipe: Recipe) -> None:
    model = load_solver(recipe, CATALOGUE, CPU)
    moving = np.random.default_rng(0).random((9, 8, 7), dtype=np.float32)
    registration = model.register(moving, moving, inverse=model.invertible)
    assert np.allclose(registration.warped[0, 0, :-2].numpy(), moving[2:], atol=1e-5)
    assert registration.warped_back is not None
    assert np.allclose(registration.warped_back[0, 0, 2:].numpy(), moving[:-2], atol=1e-5)
    assert registration.displacement.unique().tolist() == [0.0, 2.0]


def test_settings_reach_the_solver(recipe: Recipe) -> None:
    model = load_solver(override(recipe, ["solver.voxels=-1"], CATALOGUE), CATALOGUE, CPU)
    image = np.zeros((5, 5, 5), np.float32)
    assert float(model.register(image, image).displacement.min()) == -1.0
    assert dict(model.recipe.parts["solver"].knobs) == {"voxels": -1.0}


def test_the_recipe_survives_toml(recipe: Recipe) -> None:
    assert recipe.form == "solver"
    assert load_recipe(dump_recipe(recipe)) == recipe


def test_a_solver_is_not_trained(recipe: Recipe) -> None:
    with pytest.raises(UsageError, match="nothing to train") as caught:
        build(recipe, CATALOGUE)
    assert "contreg register" in str(caught.value.hint)


def test_a_network_is_not_solved() -> None:
    learned = load_recipe(TEXT.replace("solver", "encoder").replace("shift", "x") + '[decoder]\nname = "y"\n')
    with pytest.raises(UsageError, match="must be trained before"):
        build_solver(learned, CATALOGUE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT + '[encoder]\nname = "x"\n', r"\[encoder\] beside \[solver\]"),
        (TEXT.replace('[warper]\nname = "same"', ""), r"no \[warper\]"),
    ],
)
def test_half_a_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_recipe(text)


def test_a_part_of_another_form_cannot_be_set(recipe: Recipe) -> None:
    with pytest.raises(UsageError, match="has no encoder") as caught:
        override(recipe, ["encoder=siamese"], CATALOGUE)
    assert "solver, warper" in str(caught.value.hint)
