"""ConvexAdam: discrete search, coupled convex optimisation, instance optimisation."""

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.objective import Objective
from contreg_core.types import Displacement, Field, Pair
from contreg_plugins.layers.mind import mind_ssc
from contreg_plugins.solvers.coupled_convex import Search, consistent, cost_volume, coupled_convex, spread
from contreg_plugins.solvers.descent import singly
from contreg_plugins.solvers.instance import Refinement


class ConvexAdam(Solver):
    """Discrete search with coupled convex optimisation, then Adam (Siebert, Hansen & Heinrich, Learn2Reg 2021).

    1. Both images become MIND-SSC features (Heinrich et al. 2013), blind to contrast.
    2. On a coarse grid every displacement of a dense set is tried; a coupled convex optimisation makes one smooth
       field of the costs (Heinrich et al. 2014). Where a field is given, the search is around it.
    3. The same from fixed to moving, and both fields are made each other's inverse.
    4. Adam moves the displacement of a smoothed control grid to lower ``mean (fixed - warped features)^2 +
       smoothness * mean (difference of neighbouring controls)^2``, displacements in voxels. Never worse than its start.

    This functional is its own: the recipe's losses are ignored, and so is the warper but for reading a given field.
    Every pair of a batch is solved by itself; nothing is random. The result is a displacement at full resolution.
    ``step`` 1 and ``spacing`` 2 see finer than the defaults, which are for some 80 to 100 voxels an axis.

    Knobs:
        mind_radius: of the patches that MIND compares, in voxels.
        mind_dilation: how far off those patches lie, in voxels.
        spacing: of the coarse grid of the search, in voxels.
        step: between two tried displacements, in voxels; divides ``spacing``.
        radius: steps tried to either side, so the search captures ``radius * step`` voxels an axis.
        coupling: how strongly the search is held to a smooth field; 0.0003 to 0.03.
        consistency: rounds that make both directions each other's inverse; 0 searches one direction only.
        steps: of Adam; 0 keeps the result of the search.
        rate: of Adam, in voxels a step; it falls to 0 along a cosine.
        smoothness: weight of the differences of the control grid.
        control: spacing of the control grid, in voxels.
        passes: smoothings of the control grid over three neighbours; 3 make nearly a cubic B-spline.
    """

    name = "convexadam"
    paper = "Siebert, Hansen & Heinrich 2021"

    def __init__(
        self,
        *,
        mind_radius: int = 1,
        mind_dilation: int = 2,
        spacing: int = 4,
        step: int = 2,
        radius: int = 4,
        coupling: float = 0.001,
        consistency: int = 15,
        steps: int = 80,
        rate: float = 0.3,
        smoothness: float = 0.25,
        control: int = 2,
        passes: int = 2,
    ) -> None:
        super().__init__()
        if min(mind_radius, mind_dilation, spacing, step, radius, control) < 1:
            raise ValueError(
                "mind_radius, mind_dilation, spacing, step, radius and control must be at least 1"
            )
        if spacing % step:
            raise ValueError(f"step {step} does not divide spacing {spacing}")
        self.mind_radius = mind_radius
        self.mind_dilation = mind_dilation
        self.search = Search(spacing, step, radius)
        self.coupling = coupling
        self.consistency = consistency
        self.refinement = Refinement(steps, rate, smoothness, control, passes)

    def forward(self, pair: Pair, field: Field | None, objective: Objective, warper: Warper) -> Field:
        """A pair -> its displacement, scale 1."""
        start = None if field is None else spatial.crop_to(warper(field.expected(), field), pair.space)
        solved = [
            self._solve(one.moving.float(), one.fixed.float(), None if start is None else start[k : k + 1])
            for k, one in enumerate(singly(pair))
        ]
        return Field(torch.cat(solved))

    def _solve(self, moving: Tensor, fixed: Tensor, start: Displacement | None) -> Displacement:
        sought, found = self._features(fixed), self._features(moving)
        if start is None:
            return self.refinement(sought, found, self._searched(sought, found))
        residual = self._searched(sought, spatial.warp(found, start))
        return self.refinement(sought, found, spatial.compose(start, residual))

    def _features(self, image: Tensor) -> Tensor:
        return mind_ssc(image, radius=self.mind_radius, dilation=self.mind_dilation)

    def _searched(self, fixed: Tensor, moving: Tensor) -> Displacement:
        """The displacement on the image grid that the coarse search finds."""
        field = self._coarse(fixed, moving)
        if self.consistency:
            back = self._coarse(moving, fixed)
            field, _ = consistent(field, back, self.search.spacing, self.consistency)
        return spread(field, fixed.shape[2:], self.search.spacing)

    def _coarse(self, fixed: Tensor, moving: Tensor) -> Tensor:
        costs = cost_volume(fixed, moving, self.search)
        return coupled_convex(costs, self.search.displacements(fixed), self.coupling)
