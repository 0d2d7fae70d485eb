"""Every recipe that ships: complete, exact as TOML, buildable, and as large as published."""

import pytest

from contreg_core.model import parameter_count
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, build_segmenter, build_solver, dump_recipe, load_recipe, resolve

CATALOGUE = load_catalogue(plugins=False)
NAMES = [recipe.name for recipe in CATALOGUE.recipes()]
LEARNED = [recipe.name for recipe in CATALOGUE.recipes() if recipe.form == "learned"]
SOLVERS = [recipe.name for recipe in CATALOGUE.recipes() if recipe.form == "solver"]


def test_the_promised_recipes_are_there() -> None:
    assert {"voxelmorph", "voxelmorph/mse", "voxelmorph-diff"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_and_survives_its_own_file(name: str) -> None:
    recipe = resolve(CATALOGUE.recipe(name), CATALOGUE)
    assert recipe.summary
    assert load_recipe(dump_recipe(recipe)) == recipe


@pytest.mark.parametrize("name", LEARNED)
def test_its_parts_fit_in_two_dimensions(name: str) -> None:
    recipe = CATALOGUE.recipe(name)
    if recipe.form == "supervised":
        model, objective = build_segmenter(recipe, CATALOGUE, 8, ndim=2)
    else:
        model, objective = build(recipe, CATALOGUE, ndim=2)
    assert parameter_count(model)
    assert list(objective.weights) == list(CATALOGUE.recipe(name).losses)


@pytest.mark.parametrize("name", SOLVERS)
def test_its_solver_is_built_and_trains_nothing(name: str) -> None:
    solver, warper, objective = build_solver(CATALOGUE.recipe(name), CATALOGUE)
    assert not parameter_count(solver) + parameter_count(warper)
    assert list(objective.weights) == list(CATALOGUE.recipe(name).losses)


@pytest.mark.parametrize(
    ("name", "count"), [("voxelmorph", 300_547), ("voxelmorph/mse", 300_547), ("voxelmorph-diff", 266_374)]
)
def test_it_has_the_published_number_of_parameters(name: str, count: int) -> None:
    """oracles.md."""
    model, _ = build(CATALOGUE.recipe(name), CATALOGUE)
    assert parameter_count(model) == count
