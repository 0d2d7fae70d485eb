"""A stationary velocity by gradient descent, from coarse images to fine ones."""

from typing import ClassVar

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair
from contreg_plugins.solvers.descent import descend, objective_of, on_images, singly


class SVFAdam(Solver):
    """Minimises the recipe's losses over a velocity, level by level, then once more at the images' own resolution.

    Classical registration in the way of greedy and log-demons tools, with automatic gradients and Adam: at every level
    the images are means over cubes, and the velocity has half their resolution and starts as the one of the level
    before (zero, or ``field``'s, at the first), and a loss's lengths shrink with the images. At last every voxel has a
    velocity of its own. The loss of a level never rises.

    Knobs:
        levels: edge of the cubes that images are averaged over, in voxels, coarsest first.
        steps: Adam steps at each level.
        full: Adam steps with a velocity for every voxel of the images; 0 leaves it at half their resolution.
        rate: how far a step may move the velocity, in voxels of its own grid.
    """

    name = "svf-adam"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity"})

    def __init__(
        self,
        *,
        levels: tuple[int, ...] = (8, 4, 2, 1),
        steps: tuple[int, ...] = (60, 60, 60, 20),
        full: int = 12,
        rate: float = 0.25,
    ) -> None:
        super().__init__()
        if len(levels) != len(steps) or not levels:
            raise ValueError(
                f"{len(levels)} levels and {len(steps)} numbers of steps; give one number a level"
            )
        if min(levels) < 1 or min(*steps, full) < 0 or rate <= 0:
            raise ValueError("levels of at least 1, steps of at least 0 and a rate above 0 are expected")
        self.levels = levels
        self.steps = steps
        self.full = full
        self.rate = rate

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """``(B, 1, *space)`` -> velocity ``(B, ndim, *space)``; without ``full`` of half the size, rounded up."""
        starts = [None] * len(pair.fixed) if field is None else field.mean.split(1)
        parts = zip(singly(pair), starts, strict=True)
        velocity = torch.cat([self._solve(one, start, objective, warper) for one, start in parts])
        return _velocity(velocity, 1 if self.full else 2)

    def _solve(self, pair: Pair, start: Tensor | None, objective: Objective, warper: Warper) -> Tensor:
        velocity = pair.fixed.new_zeros(1, pair.ndim, *[1] * pair.ndim) if start is None else start
        for level, steps in zip(self.levels, self.steps, strict=True):
            images = pair.averaged(level)
            velocity = _halved(velocity, images)
            velocity = self._descended(velocity, 2, objective.coarsened(level), images, warper, steps)
        velocity = _halved(velocity, pair)
        if not self.full:
            return velocity
        every = spatial.crop_to(on_images(_velocity(velocity, 2)).mean, pair.space)
        return self._descended(every, 1, objective, pair, warper, self.full)

    def _descended(
        self, velocity: Tensor, scale: int, objective: Objective, images: Pair, warper: Warper, steps: int
    ) -> Tensor:
        loss = objective_of(objective, images, warper, _velocity(velocity, scale))
        return descend(velocity, loss, steps=steps, rate=self.rate)


def _halved(velocity: Tensor, images: Pair) -> Tensor:
    return spatial.resize(velocity, [-(-size // 2) for size in images.space])


def _velocity(mean: Tensor, scale: int) -> Field:
    return Field(mean, kind="velocity", scale=scale)
