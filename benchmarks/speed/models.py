"""contreg's models without a run folder: what ``fit`` and ``evaluate`` would build, on images that lie in memory."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.speed import data
from contreg_core.engine import Engine
from contreg_core.inference.folding import fold_norms
from contreg_core.inference.trained import TrainedModel
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import Recipe, build, resolve
from contreg_core.scheme import Augmentation
from contreg_core.training.loop import TrainingState, train
from contreg_core.types import Pair


def recipe_of(name: str) -> tuple[Recipe, Any]:
    """The resolved recipe and the catalogue."""
    catalogue = load_catalogue()
    return resolve(catalogue.recipe(name), catalogue), catalogue


def trained_model(name: str, space: tuple[int, ...], device: str = "auto") -> TrainedModel:
    """A model with its first weights, ready to register."""
    torch.manual_seed(0)
    recipe, catalogue = recipe_of(name)
    model, _ = build(recipe, catalogue, ndim=len(space))
    engine = Engine.choose(device)
    model.eval()
    fold_norms(model)
    engine.place(model)
    return TrainedModel(model, recipe, engine, {"data": {"grid": list(space), "landmarks": []}})


class Resident:
    """A feed of one batch that lies on the device."""

    steps_per_epoch = 1000
    content = "one batch"

    def __init__(self, space: tuple[int, ...], batch: int, device: torch.device) -> None:
        moving, fixed = (data.batch(data.image(space, seed)).repeat(batch, 1, 1, 1, 1) for seed in (0, 1))
        self.images = [moving.to(device), fixed.to(device)]
        numbers = torch.from_numpy(np.arange(2 * batch).reshape(batch, 2)).to(device)
        self.smallest = space
        self.pair = Pair(*self.images, numbers, self.images[1] > 0)

    def batch(self, step: int) -> Pair:
        """Always the same."""
        return self.pair


def training_loop(
    name: str, space: tuple[int, ...], batch: int, device: str = "auto", steps: int = 1_000_000
) -> Iterator[Any]:
    """``train`` of a recipe on one resident batch, step by step, none of them on averaged images."""
    torch.manual_seed(0)
    recipe, catalogue = recipe_of(name)
    scheme = replace(recipe.training, steps=steps, batch_size=batch, coarse=0.0)
    recipe = replace(recipe, training=scheme, augmentation=Augmentation())
    model, objective = build(recipe, catalogue, ndim=len(space))
    engine = Engine.choose(device)
    engine.place(model)
    engine.place(objective)
    feed = Resident(space, batch, engine.device)
    return train(TrainingState.start(model, objective, scheme, feed), scheme, feed, engine)
