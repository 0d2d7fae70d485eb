"""Refinement of one pair's field: descent from where a network, or anything else, left it, coarse to fine."""

import math
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair
from contreg_plugins.solvers.descent import descend, objective_of, on_images, singly

_SQUARINGS = 5
_COARSER = 3
"""Steps on averaged images for one on the images: in 3-D they cost an eighth, and large corrections are found there."""
_SHARE_FULL = 0.5
"""Steps with an update for every voxel for one at half the resolution: they are the dearest, and soon there."""


class InstanceOpt(Solver):
    """Minimises the objective over an update of the given field, on averaged images first, then on the images.

    The update is a velocity at half the resolution of the images, or at that of the field if coarser; at last it has a
    vector for every voxel, and so has the result. It is added to a velocity. A displacement is read through its map,
    ``u <- exp(w) + u(p + exp(w))``: what does not fold is not made to, where adding voxel by voxel would. The loss on
    the images never rises (oracles.md). A log-variance is held, on its own grid.

    Knobs:
        steps: Adam steps on the images themselves, three times as many at every coarser level, and half as many with
            an update for every voxel.
        levels: edge of the cubes that images are averaged over, in voxels, coarsest first.
        rate: how far a step may move the update, in voxels of its own grid.
    """

    name = "instance-opt"
    paper = "Balakrishnan et al. 2019"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity", "log_variance"})

    def __init__(
        self, *, steps: int = 50, levels: tuple[int, ...] = (8, 4, 2, 1), rate: float = 0.25
    ) -> None:
        super().__init__()
        if steps < 0 or rate <= 0:
            raise ValueError(
                f"{steps} steps at rate {rate}; steps of at least 0 and a rate above 0 are expected"
            )
        if not levels or min(levels) < 1:
            raise ValueError(f"levels {levels}; some of at least 1 are expected")
        self.steps = steps
        self.levels = levels
        self.rate = rate

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A field of any kind and scale (None: a velocity of zero) -> the same kind for every voxel, refined.

        The field itself where no pair of the batch gained; beside one that did, it is read on the images' grid.
        """
        start = _rest(pair) if field is None else field
        parts = [_only(start, number) for number in range(len(start.mean))]
        found = [
            self._refine(one, part, objective, warper) for one, part in zip(singly(pair), parts, strict=True)
        ]
        if all(mean is None for mean in found):
            return start
        every = torch.cat(
            [on_images(part).mean if mean is None else mean for part, mean in zip(parts, found, strict=True)]
        )
        return replace(start, mean=spatial.crop_to(every, pair.space) if field is None else every, scale=1)

    def _refine(self, pair: Pair, field: Field, objective: Objective, warper: Warper) -> Tensor | None:
        """The mean for every voxel (of the field's padding, too); None where the loss would not be lower."""
        coarse = replace(field, mean=self._coarse_to_fine(pair, field, objective, warper))
        full, steps = on_images(coarse), math.ceil(_SHARE_FULL * self.steps)
        update = self._descended(torch.zeros_like(full.mean), full, objective, pair, warper, steps)
        refined = _updated(full, update)
        after, before = (objective_of(objective, pair, warper, one) for one in (full, field))
        return refined if after(refined) < before(field.mean) else None

    def _coarse_to_fine(self, pair: Pair, field: Field, objective: Objective, warper: Warper) -> Tensor:
        """The mean on its own grid, level by level."""
        whole = _padded(field, max(self.levels))
        update = field.mean.new_zeros(1, pair.ndim, *[1] * pair.ndim)
        for edge in self.levels:
            images, coarse, terms = pair.averaged(edge), _coarsened(whole, edge), objective.coarsened(edge)
            steps = self.steps if edge == min(self.levels) else _COARSER * self.steps
            update = self._descended(_laid(update, whole, edge), coarse, terms, images, warper, steps)
        return spatial.crop_to(_updated(whole, _laid(update, whole, 1)), field.mean.shape[2:])

    def _descended(
        self, update: Tensor, field: Field, objective: Objective, images: Pair, warper: Warper, steps: int
    ) -> Tensor:
        loss = objective_of(objective, images, warper, field)
        return descend(update, lambda values: loss(_updated(field, values)), steps=steps, rate=self.rate)


def _padded(field: Field, multiple: int) -> Field:
    """The field on a grid that can be halved without remainder; where it is beyond the image it does nothing."""
    variance = None if field.log_variance is None else spatial.pad_to_multiple(field.log_variance, multiple)
    return replace(field, mean=spatial.pad_to_multiple(field.mean, multiple), log_variance=variance)


def _coarsened(field: Field, edge: int) -> Field:
    """The field for images averaged over cubes of ``edge`` voxels, in their voxels."""
    mean = spatial.resize(field.mean, [-(-size // edge) for size in field.mean.shape[2:]])
    if field.log_variance is None or edge == 1:
        return replace(field, mean=mean)
    variance = spatial.stretch(field.log_variance, mean.shape[2:]) - 2 * math.log(edge)
    return replace(field, mean=mean, log_variance=variance)


def _laid(update: Tensor, field: Field, edge: int) -> Tensor:
    """The update on its own grid of a level: half of the images' resolution, or the field's."""
    factor = max(field.scale, 2) * edge
    return spatial.resize(update, [-(-size * field.scale // factor) for size in field.mean.shape[2:]])


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
