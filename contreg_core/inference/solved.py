"""A solver made ready to register images, as a trained model is; nothing was trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.boundary import checked_field
from contreg_core.components import Solver, Warper
from contreg_core.engine import Engine
from contreg_core.inference.prediction import PLAIN, Prediction
from contreg_core.inference.trained import pair_of
from contreg_core.model import register_by
from contreg_core.objective import Objective
from contreg_core.recipe import Recipe, build_solver, resolve
from contreg_core.types import Registration

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


@dataclass(frozen=True)
class SolverModel:
    """``register(moving, fixed)`` on preprocessed arrays, by optimising the pair; same use as a ``TrainedModel``."""

    solver: Solver
    warper: Warper
    objective: Objective
    recipe: Recipe
    engine: Engine
    record: Mapping[str, Any] = field(default_factory=dict)
    landmarks: tuple[float, ...] = ()
    prediction: Prediction = PLAIN

    @property
    def invertible(self) -> bool:
        """Whether the warper gives an inverse of its own."""
        return "inverse" in self.warper.given()

    @property
    def sampler(self) -> Warper | None:
        """None: a solver finds one field and no variance."""
        return None

    @torch.no_grad()
    def register(
        self, moving: NDArray[np.float32], fixed: NDArray[np.float32], *, inverse: bool = False
    ) -> Registration:
        """Register two ``(*space)`` images on one grid; displacement in voxels of that grid, moving -> fixed."""
        pair = pair_of(moving, fixed, self.engine)
        found = self.solver(pair, None, self.objective, self.warper)
        solved = checked_field(self.solver, found, pair.space)
        return register_by(solved, pair, self.warper, inverse=inverse)


def load_solver(recipe: Recipe, catalogue: "Catalogue", engine: Engine) -> SolverModel:
    """The solver of a recipe of that form; raises as ``build_solver`` does."""
    full = resolve(recipe, catalogue)
    parts = build_solver(full, catalogue)
    for part in parts:
        part.to(engine.device).eval()
    return SolverModel(*parts, full, engine)
