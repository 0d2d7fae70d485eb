"""The voxel grid of the cohort, and where its voxels lie in millimetres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.synthetic.anatomy import CENTRE
from contreg_adapters.synthetic.noise import FIELD
from contreg_adapters.synthetic.shapes import Array
from contreg_core.errors import UsageError

_HEAD = (150.0, 186.0, 160.0)
"""The least field in mm that holds every subject's brain."""


@dataclass(frozen=True)
class FieldOfView:
    """``size`` voxels of ``spacing`` mm, RAS+, centred on the brain."""

    size: tuple[int, int, int]
    spacing: float

    @classmethod
    def holding(cls, size: tuple[int, ...], spacing: float) -> "FieldOfView":
        """A grid that holds the head; ``spacing`` 0 fits the field to ``size``. Raises ``UsageError`` if too small."""
        if len(size) != 3 or min(size) < 8:
            raise UsageError(
                f"synthetic: size {size}, expected three numbers of voxels, 8 or more each",
                "give a size like 64,80,64",
            )
        least = max(field / n for field, n in zip(_HEAD, size, strict=True))
        spacing = spacing or max(field / n for field, n in zip(FIELD, size, strict=True))
        if not least <= spacing <= 20:
            raise UsageError(
                f"synthetic: {size} voxels of {spacing:g} mm, expected a field that holds a brain",
                f"choose a spacing between {least:.2f} and 20 mm, or 0 to fit it to the size",
            )
        return cls((size[0], size[1], size[2]), float(spacing))

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Coordinates in mm along each axis, 0 in the middle."""
        first, second, third = self.size
        return self._axis(first), self._axis(second), self._axis(third)

    def _axis(self, count: int) -> Array:
        return np.asarray((np.arange(count) - (count - 1) / 2) * self.spacing, dtype=np.float64)

    @property
    def points(self) -> Array:
        """Coordinates of all voxels in the common brain's mm, ``(3, *size)``."""
        shifted = [axis + middle for axis, middle in zip(self.axes, CENTRE, strict=True)]
        return np.stack(np.meshgrid(*shifted, indexing="ij"))

    @property
    def affine(self) -> NDArray[np.float64]:
        """Voxel to RAS mm."""
        affine = np.diag([self.spacing, self.spacing, self.spacing, 1.0])
        affine[:3, 3] = [axis[0] + middle for axis, middle in zip(self.axes, CENTRE, strict=True)]
        return affine
