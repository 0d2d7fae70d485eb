"""The recipe faim against oracles.md."""

from contreg_core.model import parameter_count
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, resolve

CATALOGUE = load_catalogue(plugins=False)


def test_its_parts_and_its_training_are_the_published_ones() -> None:
    recipe = resolve(CATALOGUE.recipe("faim"), CATALOGUE)
    model, objective = build(recipe, CATALOGUE)
    assert parameter_count(model) == 233_683
    assert objective.weights == {"lncc": 1.0, "gradient-l2": 1.0, "fold-penalty": 1e-3}
    assert model.warper.padding == "border"
    training = recipe.training
    assert (training.steps, training.epochs, training.batch_size) == (0, 10, 2)
    assert (training.optimiser, training.learning_rate) == ("adam", 1e-4)
    assert (training.schedule, training.decay) == ("time", 1e-4)
