"""A trained model with what it needs to meet new images."""

from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.checkpoint import Checkpoint, load_module, read_checkpoint
from contreg_core.components import Warper
from contreg_core.engine import Engine
from contreg_core.errors import MismatchError, MissingError, UnavailableError, UsageError
from contreg_core.inference.checkpointed import Trained
from contreg_core.inference.features import FeatureMemory
from contreg_core.inference.folding import fold_norms
from contreg_core.inference.segmenter import TrainedSegmenter
from contreg_core.model import Model
from contreg_core.recipe import build, build_segmenter, load_recipe
from contreg_core.training.run_folder import model_file
from contreg_core.types import Pair, Registration

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


M = TypeVar("M")


@dataclass(frozen=True)
class TrainedModel(Trained[Model]):
    """``register(moving, fixed)`` on preprocessed arrays."""

    memory: FeatureMemory = field(default_factory=FeatureMemory, compare=False, repr=False)

    @property
    def grid(self) -> tuple[int, ...]:
        """The grid of the training images."""
        return tuple(int(size) for size in self.record["data"]["grid"])

    @property
    def invertible(self) -> bool:
        """Whether the warper gives an inverse of its own."""
        return "inverse" in self.model.warper.given()

    @property
    def sampler(self) -> Warper | None:
        """The warper, where the decoder gives a variance."""
        return self.model.warper if "log_variance" in self.model.decoder.given() else None

    def register(
        self, moving: NDArray[np.float32], fixed: NDArray[np.float32], *, inverse: bool = False
    ) -> Registration:
        """Register two ``(*space)`` images on one grid; displacement in voxels of that grid, moving -> fixed.

        The same arrays given again are not encoded again.
        """
        return predict(self.model, self.engine, moving, fixed, inverse=inverse, memory=self.memory)


@torch.inference_mode()
def predict(
    model: Model,
    engine: Engine,
    moving: NDArray[np.float32],
    fixed: NDArray[np.float32],
    *,
    inverse: bool = False,
    memory: FeatureMemory | None = None,
) -> Registration:
    """The mean registration of one pair; the model is left in evaluation mode. ``memory`` is one model's own."""
    model.eval()
    pair = pair_of(moving, fixed, engine)
    with engine.autocast():
        if memory is None or "separate" not in model.encoder.given():
            return model(pair, inverse=inverse)
        one = memory(moving, lambda: model.alone(pair.moving))
        other = memory(fixed, lambda: model.alone(pair.fixed))
        return model(pair, inverse=inverse, encoding=model.encoder.together(one, other))


def pair_of(moving: NDArray[np.float32], fixed: NDArray[np.float32], engine: Engine) -> Pair:
    """Two ``(*space)`` images as a batch of one on the engine's device."""
    return Pair(engine.batch(moving), engine.batch(fixed))


def load_trained(path: Path, catalogue: "Catalogue", engine: Engine) -> TrainedModel:
    """A model that registers, as ``load_run`` finds it; raises ``UsageError`` for a run that learned labels."""
    return registering(load_run(path, catalogue, engine), path)


def registering(model: M | TrainedSegmenter, name: object) -> M:
    """``model``, called ``name``, unless it labels images and registers nothing: a ``UsageError``."""
    if isinstance(model, TrainedSegmenter):
        raise UsageError(
            f"{name}: a run of '{model.recipe.name}', which labels images and registers nothing",
            f"use it so: contreg segment IMAGE --model {quote(str(name))} -o DIR",
        )
    return model


def load_run(path: Path, catalogue: "Catalogue", engine: Engine) -> TrainedModel | TrainedSegmenter:
    """A model from a run folder or a checkpoint file.

    Raises ``MissingError``, ``DataError`` or ``MismatchError``; a plugin the recipe needs but that is not installed is
    named by the catalogue's error.
    """
    if not path.exists():
        raise MissingError(
            f"{path}: no such run or checkpoint",
            "train one: contreg fit --model contrastive-vae --data synthetic",
        )
    file = model_file(path)
    checkpoint = read_checkpoint(file)
    _require_plugins(file, checkpoint, catalogue)
    recipe = load_recipe(recipe_text(file, checkpoint))
    ndim = _data(file, checkpoint)
    if recipe.form == "supervised":
        segmenter, _ = build_segmenter(
            recipe, catalogue, len(checkpoint.record["data"]["classes"]) + 1, ndim=ndim
        )
        _fill(segmenter, checkpoint, engine, recipe.name)
        return TrainedSegmenter(segmenter, recipe, engine, checkpoint.record)
    model, _ = build(recipe, catalogue, ndim=ndim)
    _fill(model, checkpoint, engine, recipe.name)
    return TrainedModel(model, recipe, engine, checkpoint.record)


def _data(file: Path, checkpoint: Checkpoint) -> int:
    """The number of axes, having looked that the record tells of the data as this module reads it."""
    try:
        data = checkpoint.record["data"]
        told = [*map(float, data["landmarks"]), *map(int, data["grid"]), data["spacing"]]
        ndim = int(data["ndim"])
    except (KeyError, TypeError, ValueError):
        told, ndim = [], 0
    if not told or ndim not in (2, 3):
        raise MismatchError(
            f"{file}: its record does not say what the model was trained on",
            "give a file written by contreg fit or contreg export",
        )
    return ndim


def _require_plugins(file: Path, checkpoint: Checkpoint, catalogue: "Catalogue") -> None:
    """The packages whose components the run was made of; none is ever installed or replaced."""
    there = set(catalogue.owners.values())
    for package, version in dict(checkpoint.record.get("plugins", {})).items():
        if package not in there:
            raise UnavailableError(
                f"{file}: needs the plugin '{package}' {version}, which is not installed or not allowed here",
                f"pip install {package}=={version}, or allow it",
                code="PLUG-50",
            )


def _fill(model: torch.nn.Module, checkpoint: Checkpoint, engine: Engine, name: str) -> None:
    load_module(model, checkpoint.weights, f"model '{name}'")
    model.eval()
    fold_norms(model)
    engine.place(model)


def recipe_text(file: Path, checkpoint: Checkpoint) -> str:
    """The TOML of the recipe that a checkpoint was trained by; raises ``MismatchError`` where it holds none."""
    text = checkpoint.record.get("recipe")
    if not isinstance(text, str):
        raise MismatchError(f"{file}: holds no recipe", "give a checkpoint written by contreg fit")
    return text
