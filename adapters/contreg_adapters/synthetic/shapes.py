"""Implicit shapes: signed distances in mm, negative inside, of points ``(3, N)`` in mm."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Distances ``(N,)`` or points ``(3, N)``, in mm, RAS+ with the origin between the hemispheres."""


def column(values: Sequence[float]) -> Array:
    """Three numbers as ``(3, 1)``, ready to meet points ``(3, N)``."""
    return np.asarray(values, dtype=np.float64)[:, None]


def mirrored(points: Array) -> Array:
    """Points folded onto the right half: anatomy is described once, for ``x >= 0``."""
    return np.stack([np.abs(points[0]), points[1], points[2]])


def ellipsoid(points: Array, centre: Sequence[float], radii: Sequence[float]) -> Array:
    """Distance to an ellipsoid, exact to first order near its surface."""
    offset = (points - column(centre)) / column(radii)
    radius = np.sqrt((offset**2).sum(0))
    slope = np.sqrt(((offset / column(radii)) ** 2).sum(0))
    distance: Array = radius * (radius - 1) / np.maximum(slope, 1e-6)
    return distance


def capsule(points: Array, start: Sequence[float], end: Sequence[float]) -> Array:
    """Distance to a round cone from ``start`` to ``end``, each ``(x, y, z, radius)``."""
    a, b = column(start[:3]), column(end[:3])
    along = ((points - a) * (b - a)).sum(0) / ((b - a) ** 2).sum()
    h = np.clip(along, 0, 1)
    axis = np.sqrt(((points - a - h * (b - a)) ** 2).sum(0))
    distance: Array = axis - (start[3] + h * (end[3] - start[3]))
    return distance


def tube(points: Array, knots: Sequence[Sequence[float]]) -> Array:
    """Distance to a chain of capsules through ``knots``, each ``(x, y, z, radius)``."""
    nearest: Array = np.min([capsule(points, a, b) for a, b in pairwise(knots)], axis=0)
    return nearest


def blend(first: Array, second: Array, width: float) -> Array:
    """Union of two shapes with a fillet of about ``width`` mm."""
    h = np.clip(0.5 + 0.5 * (second - first) / width, 0, 1)
    return second + (first - second) * h - width * h * (1 - h)


def carve(shape: Array, other: Array, width: float) -> Array:
    """The part of ``shape`` outside ``other``, its edge rounded by about ``width`` mm."""
    return -blend(-shape, other, width)


def share(distance: Array, width: float) -> Array:
    """How much of a voxel of ``width`` mm lies inside a shape: the partial volume of a flat border."""
    return np.clip(0.5 - distance / width, 0, 1)
