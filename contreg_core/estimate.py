"""How much memory a training will take, told before it runs from two small steps that do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from contreg_core.engine import Engine
from contreg_core.errors import MismatchError
from contreg_core.memory import peak_mib
from contreg_core.model import Learner
from contreg_core.objective import Objective
from contreg_core.recipe import Recipe, build, build_segmenter
from contreg_core.types import Labelled, Pair

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

_PROBES = {2: (48, 96), 3: (24, 40)}
_MOMENTS = 4
"""Weights, gradients and two moments of Adam."""
_RESIDENT = 5
"""Bytes a voxel of a scan on the device: float32 and its mask."""
_MIB = 2**20


@dataclass(frozen=True)
class Estimate:
    """MiB of each part at the peak of a training step."""

    program: float
    weights: float
    cohort: float
    step: float

    @property
    def total(self) -> float:
        """Their sum: what the process will hold."""
        return self.program + self.weights + self.cohort + self.step


def training_memory(
    recipe: Recipe,
    catalogue: "Catalogue",
    engine: Engine,
    size: Sequence[int],
    *,
    batch_size: int | None = None,
    scans: int = 2,
    classes: int = 8,
) -> Estimate:
    """The memory of ``recipe`` on ``scans`` scans of ``size`` voxels; measured within a factor of 1.5 on a CPU.

    What a step keeps for its gradient grows with the voxels, so two steps on small grids tell the line. Raises
    ``MismatchError`` for a solver, which is not trained.
    """
    batch = batch_size or recipe.training.batch_size
    model, objective = _built(recipe, catalogue, len(size), classes)
    for part in (model, objective):
        engine.place(part)
    small, large = (
        _step(model, objective, engine, probe, len(size), classes) for probe in _PROBES[len(size)]
    )
    voxels = [probe ** len(size) for probe in _PROBES[len(size)]]
    slope = (large - small) / (voxels[1] - voxels[0])
    wanted = math.prod(size)
    kept = max(large, small) if slope <= 0 else max(0.0, small - slope * voxels[0]) + slope * wanted * batch
    values = sum(p.numel() for part in (model, objective) for p in part.parameters())
    return Estimate(
        peak_mib() if engine.device.type == "cpu" else 0.0,
        _MOMENTS * 4 * values / _MIB,
        _RESIDENT * scans * wanted / _MIB,
        kept / _MIB,
    )


def _built(recipe: Recipe, catalogue: "Catalogue", ndim: int, classes: int) -> tuple[Learner, Objective]:
    if recipe.form == "solver":
        raise MismatchError(
            f"recipe '{recipe.name}' is not trained",
            "name a recipe that contreg fit takes: contreg list recipes",
        )
    if recipe.form == "supervised":
        return build_segmenter(recipe, catalogue, classes, ndim=ndim)
    return build(recipe, catalogue, ndim=ndim)


def _step(model: Learner, objective: Objective, engine: Engine, side: int, ndim: int, classes: int) -> float:
    """Bytes that one forward pass keeps for the gradient, and the largest of them twice for the backward pass."""
    sizes: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        with engine.autocast():
            outcome = model.study(_batch(model, engine, side, ndim, classes), objective.needed())
        objective(outcome).total.backward()
    for weight in (*model.parameters(), *objective.parameters()):
        weight.grad = None
    return float(sum(sizes.values()) + 2 * max(sizes.values(), default=0))


def _batch(model: Learner, engine: Engine, side: int, ndim: int, classes: int) -> Any:
    space = (side,) * ndim
    rng = torch.Generator().manual_seed(0)
    first, second = (torch.rand(1, 1, *space, generator=rng).to(engine.device) for _ in range(2))
    if hasattr(model, "segmenter"):
        return Labelled(first, torch.randint(0, classes, (1, 1, *space), generator=rng).to(engine.device))
    subjects = torch.tensor([[1, 2]], device=engine.device)
    return Pair(first, second, subjects, torch.ones_like(first, dtype=torch.bool))
