"""A slice of an example through the brain, turned as it is looked at: first axis to the right, second upwards."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contreg.reporting.example import Array, Example, central_slices

Window = tuple[int, int, int, int]
"""First and last row, first and last column of a part of a slice; the last are not in it."""


@dataclass(frozen=True)
class Cut:
    """``through`` is the axis cut, ``across`` runs to the right and ``up`` upwards; slices are ``(up, across)``.

    With ``window`` only that part of the slice.
    """

    example: Example
    through: int
    across: int
    up: int
    window: Window | None = None

    def zoomed(self, window: Window) -> "Cut":
        """A part of this slice."""
        return replace(self, window=window)

    def of(self, volume: Array) -> Array:
        """The slice of a volume ``(X, Y, Z)``."""
        taken: Array = np.take(volume, central_slices(self.example)[self.through], axis=self.through)
        low, high, left, right = self.bounds
        return taken.T[low:high, left:right]

    def position(self, axis: int) -> NDArray[np.float64]:
        """``p + u(p)`` along one axis of the plane, in voxels."""
        low, high, left, right = self.bounds
        own = np.mgrid[low:high, left:right]
        start = own[1] if axis == self.across else own[0]
        position: NDArray[np.float64] = start + self.of(self.example.displacement[axis]).astype(np.float64)
        return position

    @property
    def bounds(self) -> Window:
        """The window, or the whole slice."""
        space = self.example.fixed.shape
        return self.window or (0, space[self.up], 0, space[self.across])

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Edges of the slice in voxels, centres at integers."""
        low, high, left, right = self.bounds
        return left - 0.5, right - 0.5, low - 0.5, high - 0.5


def smooth_labels(labels: Array, times: int) -> Array:
    """A label slice on a grid ``times`` finer: the label whose linearly interpolated indicator is largest."""
    from scipy.ndimage import gaussian_filter, zoom

    best = np.full([size * times for size in labels.shape], -1.0)
    chosen = np.zeros(best.shape, labels.dtype)
    for label in np.unique(labels):
        indicator = zoom((labels == label).astype(np.float32), times, order=1, grid_mode=True, mode="nearest")
        share = gaussian_filter(indicator, times / 3)
        closer = share > best
        best[closer], chosen[closer] = share[closer], label
    return chosen
