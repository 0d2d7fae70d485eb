"""Symmetric prediction: the mean of what a network says of a pair and of the pair swapped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.components import Warper
from contreg_core.errors import MismatchError
from contreg_core.inference.prediction import Prediction
from contreg_core.inference.registrar import Registrar
from contreg_core.inference.trained import TrainedModel
from contreg_core.model import register_by
from contreg_core.recipe import Recipe
from contreg_core.types import Registration


@dataclass(frozen=True)
class SymmetricModel:
    """``v = (v_xy - v_yx) / 2`` of a trained model's velocities, integrated; otherwise that model.

    Exactly antisymmetric: images swapped give the negated velocity, bit for bit, so the registration of the swapped
    pair is the inverse of the pair's, and carrying labels by either is the same (oracles.md).
    """

    trained: TrainedModel

    @classmethod
    def of(cls, model: Registrar) -> "SymmetricModel":
        """Raises ``MismatchError`` for what predicts no velocity: half a displacement is half of no map."""
        remedy = (
            "leave out --symmetric, or train a model of velocities (contrastive-vae, voxelmorph-diff, lapirn)"
        )
        name = f"recipe '{model.recipe.name}'"
        if not isinstance(model, TrainedModel):
            raise MismatchError(f"{name} optimises every pair and predicts nothing to average", remedy)
        net = model.model
        if "velocity" not in net.decoder.given() or "inverse" not in net.warper.given():
            raise MismatchError(
                f"{name} predicts displacements; averaging both directions needs a velocity model", remedy
            )
        return cls(model)

    @property
    def recipe(self) -> Recipe:
        """The trained model's."""
        return self.trained.recipe

    @property
    def prediction(self) -> Prediction:
        """The trained model's, made symmetric."""
        return replace(self.trained.prediction, symmetric=True)

    @property
    def landmarks(self) -> Sequence[float]:
        """The trained model's."""
        return self.trained.landmarks

    @property
    def record(self) -> Mapping[str, Any]:
        """The trained model's."""
        return self.trained.record

    @property
    def invertible(self) -> bool:
        """Always: the negated velocity's map is the inverse."""
        return True

    @property
    def sampler(self) -> Warper | None:
        """None: the mean of two velocities has no variance the model knows."""
        return None

    @torch.inference_mode()
    def register(
        self, moving: NDArray[np.float32], fixed: NDArray[np.float32], *, inverse: bool = False
    ) -> Registration:
        """Two ``(*space)`` images on one grid; ``field`` is the mean velocity, without a variance."""
        there, back = self.trained.register(moving, fixed), self.trained.register(fixed, moving)
        velocity = (there.drawn - back.drawn) / 2
        field = replace(there.field, mean=velocity, log_variance=None)
        return register_by(field, there.pair, self.trained.model.warper, there.encoding, inverse=inverse)
