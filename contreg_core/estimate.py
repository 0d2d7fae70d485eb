"""How much memory a training will take, told before it runs from two small steps that do, in a process of their own."""

import math
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from contreg_core.engine import Engine
from contreg_core.errors import MismatchError, UnavailableError
from contreg_core.fleet.local import LocalPool
from contreg_core.model import Learner
from contreg_core.objective import Objective
from contreg_core.recipe import Recipe, build, build_segmenter
from contreg_core.segmentation import SegmentationModel
from contreg_core.training.need import need
from contreg_core.types import Compared, Labelled, Pair

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

_PROBES = {2: (128, 320), 3: (32, 48)}
"""Multiples of what networks pad to, most of them."""
_KEPT = 4
"""Weights, gradients and two moments of Adam; a step without optimiser has half of them."""
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


@dataclass(frozen=True)
class Trial:
    """What the process of its own is told."""

    recipe: Recipe
    catalogue: "Catalogue"
    engine: Engine
    ndim: int
    classes: int


@dataclass(frozen=True)
class Measured:
    """MiB of the program alone, of its weights, and at the peak of a step on each of the small grids; images are padded
    to a ``multiple``.
    """

    program: float
    weights: float
    small: float
    large: float
    multiple: int


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
    """The memory of ``recipe`` on ``scans`` scans of ``size`` voxels, within a factor of 1.5.

    What a step takes grows with the voxels, so the peaks of two steps on small grids tell the line: of this processor,
    whose convolutions want their own scratch memory. Raises ``MismatchError`` for a solver, which is not trained,
    ``UnavailableError`` where even the small steps do not fit.
    """
    if recipe.form == "solver":
        raise MismatchError(
            f"recipe '{recipe.name}' is not trained",
            "name a recipe that contreg fit takes: contreg list recipes",
        )
    found = _measured(Trial(recipe, catalogue, engine, len(size), classes))
    small, large = (probe ** len(size) for probe in _PROBES[len(size)])
    each = max(found.large - found.small, 0.0) / (large - small)
    padded = math.prod(-(-side // found.multiple) * found.multiple for side in size)
    peak = found.small + each * (padded * (batch_size or recipe.training.batch_size) - small)
    # Gradients are in the peak as well: the step is what is left of it.
    step = max(peak - found.program - _KEPT / 2 * found.weights, 0.0)
    return Estimate(found.program, _KEPT * found.weights, _RESIDENT * scans * math.prod(size) / _MIB, step)


def _measured(trial: Trial) -> Measured:
    with closing(LocalPool(measure, 1)) as pool:
        try:
            return pool.submit(trial).result()
        except BrokenProcessPool as error:
            raise UnavailableError(
                "a training step on a small grid was killed, most likely out of memory",
                "use a machine with more memory, or a smaller model",
                code="MEM-60",
            ) from error


def measure(trial: Trial) -> Measured:
    """The peaks of this process, which has done nothing else."""
    program = trial.engine.peak_mib() if trial.engine.device.type == "cpu" else 0.0
    model, objective = _built(trial)
    values = sum(p.numel() for part in (model, objective) for p in part.parameters())
    # The first pass compiles and allocates what stays.
    small, large = _PROBES[trial.ndim]
    _, first, second = (
        need(model, objective, _batch(model, trial, side), trial.engine) for side in (small, small, large)
    )
    network: Any = model.segmenter if isinstance(model, SegmentationModel) else model.encoder
    return Measured(program, 4 * values / _MIB, first, second, network.multiple)


def _built(trial: Trial) -> tuple[Learner, Objective]:
    recipe, catalogue, ndim = trial.recipe, trial.catalogue, trial.ndim
    if recipe.form == "supervised":
        parts: tuple[Learner, Objective] = build_segmenter(recipe, catalogue, trial.classes, ndim=ndim)
    else:
        parts = build(recipe, catalogue, ndim=ndim)
    for part in parts:
        trial.engine.place(part)
    return parts


def _batch(model: Learner, trial: Trial, side: int) -> Any:
    space, device = (side,) * trial.ndim, trial.engine.device
    rng = torch.Generator().manual_seed(0)
    first, second = (torch.rand(1, 1, *space, generator=rng).to(device) for _ in range(2))
    if isinstance(model, SegmentationModel):
        return Labelled(first, torch.randint(0, trial.classes, (1, 1, *space), generator=rng).to(device))
    subjects = torch.tensor([[1, 2]], device=device)
    pair = Pair(first, second, subjects, torch.ones_like(first, dtype=torch.bool))
    rendering = trial.recipe.rendering
    return replace(pair, compared=Compared.like(pair, rendering.parts)) if rendering.labels else pair
