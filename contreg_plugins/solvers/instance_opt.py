"""Refinement of one pair's field: descent from where a network, or anything else, left it."""

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair
from contreg_plugins.solvers.descent import descend, objective_of, singly


class InstanceOpt(Solver):
    """Minimises the objective over an update of the given field, at full resolution of the images.

    The update lives at half the resolution of the images or that of the field, whichever is coarser, and is added to
    the field's mean: a displacement refined voxel by voxel would fold. Starting from zero, the loss never rises
    (methods.md B.7.1, F.12). A log-variance is held.

    Knobs:
        steps: Adam steps.
        rate: how far a step may move the update, in voxels of its own grid.
    """

    name = "instance-opt"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity", "log_variance"})

    def __init__(self, *, steps: int = 50, rate: float = 0.1) -> None:
        super().__init__()
        if steps < 0 or rate <= 0:
            raise ValueError(f"{steps} steps at rate {rate}; steps of at least 0 and a rate above 0 are expected")
        self.steps = steps
        self.rate = rate

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A field of any kind and scale (None: a velocity of zero at half resolution) -> the same, refined."""
        start = _rest(pair) if field is None else field
        refined = [
            self._refine(one, _only(start, number), objective, warper) for number, one in enumerate(singly(pair))
        ]
        return replace(start, mean=torch.cat(refined))

    def _refine(self, pair: Pair, field: Field, objective: Objective, warper: Warper) -> Tensor:
        space = field.mean.shape[2:]
        loss = objective_of(objective, pair, warper, field)

        def moved(update: Tensor) -> Tensor:
            return field.mean + spatial.resize(update, space)

        coarse = [-(-size * field.scale // max(field.scale, 2)) for size in space]
        update = field.mean.new_zeros(1, field.mean.shape[1], *coarse)
        return moved(descend(update, lambda values: loss(moved(values)), steps=self.steps, rate=self.rate))


def _rest(pair: Pair) -> Field:
    zero = pair.fixed.new_zeros(len(pair.fixed), pair.ndim, *[-(-size // 2) for size in pair.space])
    return Field(zero, kind="velocity", scale=2)


def _only(field: Field, number: int) -> Field:
    own = slice(number, number + 1)
    variance = None if field.log_variance is None else field.log_variance[own]
    return replace(field, mean=field.mean[own], log_variance=variance)
