"""One person's brain as shapes, at points of the common brain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.synthetic import anatomy
from contreg_adapters.synthetic.folds import Cortex, Individual, cortex
from contreg_adapters.synthetic.shapes import Array, mirrored


@dataclass(frozen=True)
class CommonBrain:
    """Shapes of one person at points ``(3, N)`` of the common brain: signed distances in mm."""

    points: Array
    cortex: Cortex
    cerebellum: Array
    stem: Array
    ventricles: Array
    callosum: Array
    nuclei: dict[str, Array]

    @property
    def outline(self) -> Array:
        """Distance to the outside of everything that is kept when the skull is stripped."""
        return np.minimum(np.minimum(self.cortex.hull, self.cerebellum), self.stem) - 0.8


def describe(points: Array, person: Individual) -> CommonBrain:
    """All shapes of ``person`` at common-brain ``points`` ``(3, N)`` in mm."""
    right = mirrored(points)
    return CommonBrain(
        points,
        cortex(points, person),
        anatomy.cerebellum(right),
        anatomy.brainstem(right),
        anatomy.ventricles(right),
        anatomy.callosum(right),
        anatomy.nuclei(right),
    )


def inside(points: Array, margin: float) -> NDArray[np.bool_]:
    """Which points lie in or within ``margin`` mm of the brain: the only ones worth describing."""
    right = mirrored(points)
    hulls = (anatomy.cerebrum(right), anatomy.cerebellum(right), anatomy.brainstem(right))
    near: NDArray[np.bool_] = np.min(hulls, axis=0) < margin
    return near
