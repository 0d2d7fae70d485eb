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

_SQUARINGS = 5


class InstanceOpt(Solver):
    """Minimises the objective over an update of the given field, at full resolution of the images.

    The update is a velocity at half the resolution of the images, or at that of the field if coarser. It is added to
    a velocity. A displacement is read through its map, ``u <- exp(w) + u(p + exp(w))``: what does not fold is not made
    to, where adding voxel by voxel would. From an update of zero, the loss never rises (methods.md B.7.1, F.12). A
    log-variance is held.

    Knobs:
        steps: Adam steps.
        rate: how far a step may move the update, in voxels of its own grid.
    """

    name = "instance-opt"
    paper = "Balakrishnan et al. 2019"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity", "log_variance"})

    def __init__(self, *, steps: int = 50, rate: float = 0.1) -> None:
        super().__init__()
        if steps < 0 or rate <= 0:
            raise ValueError(
                f"{steps} steps at rate {rate}; steps of at least 0 and a rate above 0 are expected"
            )
        self.steps = steps
        self.rate = rate

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A field of any kind and scale (None: a velocity of zero at half resolution) -> the same, refined."""
        start = _rest(pair) if field is None else field
        refined = [
            self._refine(one, _only(start, number), objective, warper)
            for number, one in enumerate(singly(pair))
        ]
        return replace(start, mean=torch.cat(refined))

    def _refine(self, pair: Pair, field: Field, objective: Objective, warper: Warper) -> Tensor:
        loss = objective_of(objective, pair, warper, field)
        coarse = [-(-size * field.scale // max(field.scale, 2)) for size in field.mean.shape[2:]]
        update = descend(
            field.mean.new_zeros(1, field.mean.shape[1], *coarse),
            lambda values: loss(_updated(field, values)),
            steps=self.steps,
            rate=self.rate,
        )
        return _updated(field, update) if update.any() else field.mean


def _updated(field: Field, update: Tensor) -> Tensor:
    """The field's mean, the update put before it."""
    space = field.mean.shape[2:]
    if field.kind == "velocity":
        return field.mean + spatial.resize(update, space)
    return spatial.compose(field.mean, spatial.resize(spatial.integrate(update, _SQUARINGS), space))


def _rest(pair: Pair) -> Field:
    zero = pair.fixed.new_zeros(len(pair.fixed), pair.ndim, *[-(-size // 2) for size in pair.space])
    return Field(zero, kind="velocity", scale=2)


def _only(field: Field, number: int) -> Field:
    own = slice(number, number + 1)
    variance = None if field.log_variance is None else field.log_variance[own]
    return replace(field, mean=field.mean[own], log_variance=variance)
