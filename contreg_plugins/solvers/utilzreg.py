"""Geodesic shooting of one image to another."""

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.errors import UsageError
from contreg_core.objective import Objective
from contreg_core.types import Displacement, Field, Pair
from contreg_plugins.shooting.descent import Optimiser, descend
from contreg_plugins.shooting.functional import Functional, aligned_grey_levels, apparent
from contreg_plugins.shooting.integrators import Integrator
from contreg_plugins.shooting.kernels import Gaussians, normalised
from contreg_plugins.shooting.levels import DISPLACEMENT, MOMENTUM, doubled, grown, shrunk


class GeodesicShooting(Solver):
    """Geodesic shooting with a functional of its own: a recipe's losses are not used (Vialard et al., IJCV 2012).

    The unknown is the initial momentum, one number a voxel of the moving image; it sets off a geodesic whose end is
    compared with the fixed image. ``alpha`` times the energy of the path plus half the sum of squared differences is
    minimised, each pair alone, from no displacement. Intensities are expected in about [0, 1]; both images should be
    the same outside the brain. The map does not fold while the steps of the geodesic are short.

    Lengths are in voxels of the images, not mm, for a solver is not told their size. Levels with larger voxels keep
    the same kernel and the same functional.

    Knobs:
        sigmas: standard deviations of the kernel's Gaussians in voxels; each has unit sum.
        weights: of these Gaussians, divided by their sum; empty weighs them so that all move the pair alike at first.
        alpha: weight of the energy of the path, for voxels of the images.
        integrator: "semi-lagrangian" (any displacement), or "rk4" or "euler" on the grid (small ones).
        steps: time steps of the geodesic.
        shrink: voxel sizes of the levels, falling powers of two; a last level of 2 is finished by interpolation.
        optimiser: "gd" (a bounded change of velocity a step), "lbfgs" or "adam".
        iterations: at most, for each level; one stops once ten evaluations gain less than 1e-4 of the cost.
        update: change of velocity in voxels that the first step of a level aims at.
        align_grey_levels: give the fixed image the mean and spread of the moving one, each where it is above 0.
    """

    name = "utilzreg"
    paper = "Vialard et al. 2012"

    def __init__(
        self,
        *,
        sigmas: tuple[float, ...] = (10.0, 8.6, 7.2, 5.8, 4.4, 2.9, 1.5),
        weights: tuple[float, ...] = (),
        alpha: float = 1e-4,
        integrator: Integrator = "semi-lagrangian",
        steps: int = 5,
        shrink: tuple[int, ...] = (2, 1),
        optimiser: Optimiser = "lbfgs",
        iterations: tuple[int, ...] = (20, 4),
        update: float = 0.25,
        align_grey_levels: bool = False,
    ) -> None:
        super().__init__()
        _check(sigmas, weights, alpha, steps, shrink, iterations, update)
        self.sigmas, self.weights, self.alpha = sigmas, weights, alpha
        self.integrator, self.steps = integrator, steps
        self.levels = tuple(zip(shrink, iterations, strict=True))
        self.optimiser, self.update = optimiser, update
        self.align_grey_levels = align_grey_levels

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A pair ``(B, 1, *space)`` -> the displacement of its shots, on its own grid; each pair is solved alone.

        Raises ``UsageError`` for a field to start from: there is no momentum that ends in any given one.
        """
        if field is not None:
            raise UsageError(
                f"solver '{self.name}' starts from no displacement, found a field to start from",
                "refine with a solver whose unknown is the field",
            )
        pairs = zip(pair.moving.split(1), pair.fixed.split(1), strict=True)
        solved = torch.cat([self._solve(moving, fixed) for moving, fixed in pairs])
        return Field(solved.float())

    def _solve(self, moving: Tensor, fixed: Tensor) -> Displacement:
        """One pair ``(1, 1, *space)``: down the levels with the momentum, then back up with its displacement."""
        space = tuple(moving.shape[2:])
        fixed = aligned_grey_levels(moving, fixed) if self.align_grey_levels else fixed
        size, _ = self.levels[0]
        moving, fixed = grown(moving, size), grown(fixed, size)
        coarse = shrunk(moving, size), shrunk(fixed, size)
        gaussians = self._kernel(*coarse, size)
        momentum = torch.zeros_like(coarse[0])
        for shrink, iterations in self.levels:
            while size > shrink:
                momentum, size = doubled(momentum, MOMENTUM), size // 2
            functional = self._functional(shrunk(moving, size), shrunk(fixed, size), gaussians, size)
            start = functional.start(momentum)
            momentum = descend(functional, start, self.optimiser, iterations, self.update)
        displacement = functional.shot(momentum).displacement
        while size > 1:
            displacement, size = doubled(displacement, DISPLACEMENT), size // 2
        return spatial.crop_to(displacement, space)

    def _kernel(self, moving: Tensor, fixed: Tensor, shrink: int) -> Gaussians:
        """In voxels of the images; apparent weights are those of the coarsest level, kept on all."""
        if self.weights:
            return normalised(self.sigmas, self.weights)
        seen = apparent(moving, fixed, [sigma / shrink for sigma in self.sigmas])
        return normalised(self.sigmas, seen.weights)

    def _functional(self, moving: Tensor, fixed: Tensor, gaussians: Gaussians, shrink: int) -> Functional:
        """Momentum and velocity both shrink in voxels, so the energy does twice: ``alpha`` makes up for it."""
        return Functional(
            moving,
            fixed,
            gaussians.shrunk(shrink).on(moving),
            self.alpha * shrink**2,
            self.steps,
            self.integrator,
        )


def _check(
    sigmas: tuple[float, ...],
    weights: tuple[float, ...],
    alpha: float,
    steps: int,
    shrink: tuple[int, ...],
    iterations: tuple[int, ...],
    update: float,
) -> None:
    """Raises ``ValueError`` with what was found and expected."""
    _require(bool(sigmas) and min(sigmas) > 0, f"sigmas {sigmas}", "one or more above 0")
    fits = not weights or (len(weights) == len(sigmas) and min(weights) > 0)
    _require(fits, f"weights {weights}", f"none, or {len(sigmas)} above 0, one for each sigma")
    _require(alpha >= 0, f"alpha {alpha}", "0 or more")
    _require(steps >= 1, f"steps {steps}", "1 or more")
    _require(update > 0, f"update {update}", "above 0")
    powers = all(size > 0 and size & (size - 1) == 0 for size in shrink)
    falling = bool(shrink) and list(shrink) == sorted(set(shrink), reverse=True)
    _require(powers and falling, f"shrink {shrink}", "falling powers of two, such as 2,1")
    counted = len(iterations) == len(shrink) and min(iterations, default=0) >= 1
    _require(counted, f"iterations {iterations}", f"{len(shrink)} of 1 or more, one for each level")


def _require(holds: bool, found: str, expected: str) -> None:
    if not holds:
        raise ValueError(f"found {found}, expected {expected}")
