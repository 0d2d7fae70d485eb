"""Stationary velocity field, integrated by scaling and squaring."""

from typing import ClassVar

from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Warper
from contreg_core.types import Displacement, Field

_MOST = 16
"""Squarings: by 2^16 a velocity of 1000 voxels starts at a hundredth of one; more only rounds."""


class StationaryVelocity(Warper):
    """``u = exp(v)`` on the field's own grid, then resized to the image grid (Arsigny 2006; Dalca et al. 2018).

    Law: ``inverse`` composed with ``forward`` is the identity up to the integrator's error (oracles.md).

    Knobs:
        steps: squarings, 0 to 16; 7 divides the velocity by 128 first.
        padding: what a sample outside the image reads, "border" or "zeros".
    """

    name = "svf"
    paper = "Arsigny et al. 2006; Dalca et al. 2018"
    gives: ClassVar[frozenset[str]] = frozenset({"inverse"})

    def __init__(self, *, steps: int = 7, padding: spatial.Padding = "border") -> None:
        super().__init__()
        if not 0 <= steps <= _MOST:
            raise ValueError(f"steps {steps}, expected 0 to {_MOST}: each halves the velocity once more")
        self.steps = steps
        self.padding = padding

    def forward(self, values: Tensor, field: Field) -> Displacement:
        """``(B, ndim, *space/scale)`` velocity -> ``(B, ndim, *space)`` displacement."""
        displacement = spatial.integrate(values, self.steps)
        return spatial.resize(displacement, [size * field.scale for size in values.shape[2:]])

    def inverse(self, values: Tensor, field: Field) -> Displacement:
        """The displacement of ``exp(-v)``."""
        return self(-values, field)
