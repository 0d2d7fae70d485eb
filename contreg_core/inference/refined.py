"""Any model refined: its field is where a solver starts, pair by pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contreg_core.components import Solver, Warper
from contreg_core.engine import Engine
from contreg_core.errors import MismatchError
from contreg_core.inference.prediction import Prediction
from contreg_core.inference.registrar import Registrar
from contreg_core.inference.trained import pair_of
from contreg_core.model import register_by
from contreg_core.objective import Objective
from contreg_core.recipe import Recipe, build_solver, override
from contreg_core.types import Field, Registration

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

REFINING = "instance-opt"
"""The recipe that says by which solver and objective a model is refined; the warper is the model's own."""


@dataclass(frozen=True)
class RefinedModel:
    """A trained model, plain or symmetric, whose field a solver improves for ``steps`` steps; otherwise that model.

    The solver's objective at the refined field is never above the one at the prediction (oracles.md).
    """

    model: Registrar
    solver: Solver
    warper: Warper
    objective: Objective
    engine: Engine
    steps: int

    @classmethod
    def of(cls, model: Registrar, steps: int, catalogue: "Catalogue", engine: Engine) -> "RefinedModel":
        """Raises ``MismatchError`` for a solver: it has done this already."""
        if model.recipe.form != "learned":
            raise MismatchError(
                f"recipe '{model.recipe.name}' predicts no field to refine",
                "leave out --refine; it is for trained models",
            )
        recipe = override(catalogue.recipe(REFINING), [f"solver.steps={steps}"], catalogue)
        parts = build_solver(
            replace(recipe, parts={**recipe.parts, "warper": model.recipe.parts["warper"]}), catalogue
        )
        for part in parts:
            part.to(engine.device).eval()
        return cls(model, *parts, engine, steps)

    @property
    def recipe(self) -> Recipe:
        """The model's."""
        return self.model.recipe

    @property
    def prediction(self) -> Prediction:
        """The model's, refined."""
        return replace(self.model.prediction, refine=self.steps)

    @property
    def landmarks(self) -> Sequence[float]:
        """The model's."""
        return self.model.landmarks

    @property
    def record(self) -> Mapping[str, Any]:
        """The model's."""
        return self.model.record

    @property
    def invertible(self) -> bool:
        """As the model: the kind of field stays the same."""
        return self.model.invertible

    @property
    def sampler(self) -> Warper | None:
        """As the model: the refined mean keeps the predicted variance."""
        return self.model.sampler

    @torch.no_grad()
    def register(
        self, moving: NDArray[np.float32], fixed: NDArray[np.float32], *, inverse: bool = False
    ) -> Registration:
        """Register two ``(*space)`` images on one grid; displacement in voxels of that grid, moving -> fixed."""
        predicted = self.model.register(moving, fixed)
        pair = pair_of(moving, fixed, self.engine)
        field = self.solver(pair, _recorded(predicted.field), self.objective, self.warper)
        return register_by(field, pair, self.warper, predicted.encoding, inverse=inverse)


def _recorded(field: Field) -> Field:
    """Copies: what was made under ``torch.inference_mode`` takes no gradient."""
    return replace(field, mean=_copy(field.mean), log_variance=_copy(field.log_variance))


def _copy(values: Tensor | None) -> Any:
    return None if values is None else values.float().clone()
