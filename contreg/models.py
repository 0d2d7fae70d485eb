"""A model as the shell names it: a run folder or model file, or a recipe that needs no training or comes trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.model_files import is_model
from contreg_core.errors import MissingError, UsageError
from contreg_core.parameters import did_you_mean

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.engine import Engine
    from contreg_core.inference.prediction import Prediction
    from contreg_core.inference.registrar import Registrar
    from contreg_core.inference.segmenter import TrainedSegmenter


def load_model(
    name: str,
    catalogue: "Catalogue",
    engine: "Engine",
    settings: Sequence[str] = (),
    how: "Prediction | None" = None,
) -> "Registrar | TrainedSegmenter":
    """What goes by this name, made to predict as ``how`` says; ``settings`` change a recipe, and only that.

    A run of a supervised recipe labels images; everything else registers. Raises ``MissingError`` for what is neither a
    path nor a recipe, ``UsageError`` for a recipe that must be trained, ``MismatchError`` where it cannot predict so.
    """
    from contreg_core.inference.refined import RefinedModel
    from contreg_core.inference.symmetric import SymmetricModel
    from contreg_core.inference.trained import registering

    model = _loaded(name, catalogue, engine, settings)
    if how is not None and how.symmetric:
        model = SymmetricModel.of(registering(model, name))
    if how is not None and how.refine:
        model = RefinedModel.of(registering(model, name), how.refine, catalogue, engine)
    return model


def shown(name: str, prediction: Sequence[str]) -> str:
    """A model's name, and what is done to the network's own answer.

    >>> shown("lapirn", ("symmetric", "refine 20"))
    'lapirn (symmetric, refine 20)'
    """
    return f"{name} ({', '.join(prediction)})" if prediction else name


def _loaded(
    name: str, catalogue: "Catalogue", engine: "Engine", settings: Sequence[str]
) -> "Registrar | TrainedSegmenter":
    from contreg_core.inference.solved import load_solver
    from contreg_core.inference.trained import load_run

    if is_shipped(name, catalogue) or not needs_no_run(name, catalogue):
        if settings:
            raise UsageError("a run brings its own settings", "leave out --set")
        return load_run(weights_file(name, catalogue), catalogue, engine)
    from contreg.recipes import find_recipe

    return load_solver(find_recipe(catalogue, name, settings), catalogue, engine)


def is_shipped(name: str, catalogue: "Catalogue") -> bool:
    """Whether ``name`` is a recipe that comes with its weights; a run of that name comes first, no other folder."""
    return name in catalogue.weights and not is_model(name)


def weights_file(name: str, catalogue: "Catalogue") -> Path:
    """The run folder or model file that ``name`` is, or that comes with the recipe of that name.

    Raises ``MissingError`` for what is neither.
    """
    return catalogue.weights[name] if is_shipped(name, catalogue) else _existing(name, catalogue)


def needs_no_run(name: str, catalogue: "Catalogue") -> bool:
    """Whether ``name`` is a recipe rather than a run; a folder of that name comes first."""
    return not Path(name).is_dir() and (
        name.endswith(".toml") or name in {recipe.name for recipe in catalogue.recipes()}
    )


def _existing(name: str, catalogue: "Catalogue") -> Path:
    path = Path(name)
    if path.exists():
        return path
    solvers = [*catalogue.weights, *(one.name for one in catalogue.recipes() if one.form == "solver")]
    near = did_you_mean(name, [*solvers, *map(str, known_runs())])
    ready = f", or name one that needs none: {', '.join(solvers)}" if solvers else ""
    raise MissingError(
        f"{name}: no such run or model file",
        f"{near}train one: contreg fit --model contrastive-vae --data synthetic{ready}",
    )


def known_runs(folder: Path = Path("runs")) -> list[Path]:
    """The run folders in ``runs``, where ``fit`` puts them."""
    return sorted(path.parent for path in folder.glob("*/recipe.toml"))
