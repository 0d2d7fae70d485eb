"""Log-domain demons: a stationary velocity driven by differences of intensity."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair
from contreg_plugins.layers.axiswise import smooth

PATIENCE = 5
"""Iterations without a gain of ``tolerance`` before a level ends."""


class LogDemons(Solver):
    """Log-domain demons: a velocity, pushed along the image gradient (Vercauteren et al., MICCAI 2008).

    Every iteration adds ``G_fluid * force`` to the velocity ``v`` and smooths ``v`` itself by ``G_diffusion``. With
    ``S = moving(exp(v))``, ``force = (fixed - S) grad S / (|grad S|^2 + (fixed - S)^2 / noise^2)`` (Thirion 1998), at
    most ``noise / 2`` voxels. Levels run from coarse to fine; each ends after ``iterations``, or when the mean squared
    difference no longer falls, and hands on its best velocity.

    This force is its own: the recipe's losses are ignored. The warper says what ``exp`` is: "svf" for log-demons,
    "displacement" for additive demons. A velocity that is given is where the finest level starts, alone. Every pair of
    a batch is solved by itself; nothing is random. Images are expected in about [0, 1], of one contrast.

    Knobs:
        shrink: the levels: how many times smaller than the pair the images are; falling, the last 1.
        iterations: at most, a level.
        fluid: sigma of the smoothing of the force, in voxels of the level.
        diffusion: sigma of the smoothing of the velocity, in voxels of the level; 0 for none.
        noise: weighs intensity differences against gradients; 1 or 2.
        scale: voxels of the image a voxel of the velocity's grid, 1 or 2.
        tolerance: relative gain below which an iteration counts as none.
        symmetric: average with the force of the fixed image on the moving one, at twice the time; needs an inverse.
    """

    name = "logdemons"
    paper = "Vercauteren et al. 2008"
    gives: ClassVar[frozenset[str]] = frozenset({"velocity"})

    def __init__(
        self,
        *,
        shrink: tuple[int, ...] = (4, 2, 1),
        iterations: int = 50,
        fluid: float = 2.0,
        diffusion: float = 1.0,
        noise: float = 1.0,
        scale: int = 2,
        tolerance: float = 1e-3,
        symmetric: bool = False,
    ) -> None:
        super().__init__()
        if not shrink or shrink[-1] != 1 or sorted(shrink, reverse=True) != list(shrink):
            raise ValueError(f"shrink {list(shrink)} does not fall to 1")
        self.shrink = shrink
        self.iterations = iterations
        self.fluid = fluid
        self.diffusion = diffusion
        self.noise = noise
        self.scale = scale
        self.tolerance = tolerance
        self.symmetric = symmetric

    def needed(self) -> frozenset[str]:
        """The inverse map where both images push."""
        return frozenset({"inverse"}) if self.symmetric else frozenset()

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A pair -> its velocity on the grid of the pair divided by ``scale``."""
        moving = spatial.pad_to_multiple(pair.moving.float(), self.scale)
        fixed = spatial.pad_to_multiple(pair.fixed.float(), self.scale)
        given = None if field is None else self._given(field, fixed)
        solved = [
            self._solve(
                moving[k : k + 1], fixed[k : k + 1], None if given is None else given[k : k + 1], warper
            )
            for k in range(len(fixed))
        ]
        return self._field(torch.cat(solved))

    def _field(self, velocity: Tensor) -> Field:
        return Field(velocity, kind="velocity", scale=self.scale)

    def _grid(self, image: Tensor) -> list[int]:
        return [size // self.scale for size in image.shape[2:]]

    def _given(self, field: Field, fixed: Tensor) -> Tensor:
        return spatial.resize(field.expected().float(), self._grid(fixed))

    def _solve(self, moving: Tensor, fixed: Tensor, given: Tensor | None, warper: Warper) -> Tensor:
        velocity = given
        for shrink in self.shrink if given is None else (1,):
            images = _shrunk(moving, shrink, self.scale), _shrunk(fixed, shrink, self.scale)
            space = self._grid(images[1])
            start = images[1].new_zeros(1, len(space), *space) if velocity is None else velocity
            velocity = self._level(*images, spatial.resize(start, space), warper)
        assert velocity is not None
        return velocity

    def _level(self, moving: Tensor, fixed: Tensor, velocity: Tensor, warper: Warper) -> Tensor:
        best, lowest, goal, since = velocity, math.inf, math.inf, 0
        for _ in range(self.iterations + 1):
            push, difference = self._push(moving, fixed, velocity, warper)
            since = 0 if difference < goal else since + 1
            if difference < lowest:
                best, lowest = velocity, difference
            if since == 0:
                goal = difference * (1 - self.tolerance)
            if since == PATIENCE:
                break
            velocity = smooth(velocity + push, self.diffusion / self.scale)
        return best

    def _push(self, moving: Tensor, fixed: Tensor, velocity: Tensor, warper: Warper) -> tuple[Tensor, float]:
        """What is added to the velocity, and the mean squared difference it is to lower."""
        field = self._field(velocity)
        push, difference = self._one_way(moving, fixed, warper, warper(velocity, field))
        if not self.symmetric:
            return push, difference
        back, other = self._one_way(fixed, moving, warper, warper.inverse(velocity, field))
        return (push - back) / 2, (difference + other) / 2

    def _one_way(
        self, moving: Tensor, fixed: Tensor, warper: Warper, displacement: Tensor
    ) -> tuple[Tensor, float]:
        warped = warper.warp(moving, displacement)
        push = smooth(force(warped, fixed, self.noise), self.fluid, self._grid(fixed)) / self.scale
        return push, float((fixed - warped).square().mean())


def force(warped: Tensor, fixed: Tensor, noise: float) -> Tensor:
    """Thirion's: ``(B, 1, *space)`` twice -> ``(B, ndim, *space)`` voxels, along which ``warped`` nears ``fixed``."""
    axes = list(range(1, warped.ndim - 1))
    gradient = torch.stack(list(torch.gradient(warped[:, 0], dim=axes)), dim=1)
    difference = fixed - warped
    weight = gradient.square().sum(1, keepdim=True).addcmul_(difference, difference, value=1 / noise**2)
    return gradient.mul_(difference / weight.clamp_(min=1e-9))


def _shrunk(image: Tensor, shrink: int, multiple: int) -> Tensor:
    """The image on a grid that much smaller, a multiple of ``multiple``, after a Gaussian of half a new voxel."""
    if shrink == 1:
        return image
    sizes = [max(size // (shrink * multiple), 2) * multiple for size in image.shape[2:]]
    return smooth(image, shrink / 2, sizes)
