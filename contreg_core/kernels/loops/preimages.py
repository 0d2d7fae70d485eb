"""Searching, voxel by voxel, for the points that a displacement leads to given places. In double precision."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled
from contreg_core.kernels.loops.places import Size

Array: TypeAlias = NDArray[Any]


@compiled
def search(
    start: int,
    stop: int,
    field: Array,
    size: Size,
    targets: Array,
    iterations: int,
    enough: float,
    found: Array,
) -> None:
    """Improve ``found (B, 3, *out)`` in rows ``start`` to ``stop`` of the ``B * out[0]`` slices.

    ``field`` ``(B, *space, 3)`` in voxels; a point whose squared distance from its target is ``enough`` is left alone.
    """
    rows = found.shape[2]
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(found.shape[3]):
            for k in range(found.shape[4]):
                best = nearer(
                    field[n],
                    size,
                    vector(targets[n, :, i, j, k]),
                    vector(found[n, :, i, j, k]),
                    iterations,
                    enough,
                )
                found[n, 0, i, j, k], found[n, 1, i, j, k], found[n, 2, i, j, k] = best


@compiled
def nearer(field: Array, size: Size, target: Any, best: Any, iterations: int, enough: float) -> Any:
    """The fixed-point steps of one point (``contreg_core.spatial.preimages``)."""
    left, step = missed(field, size, target, best), 1.0
    away = squared(left)
    for _ in range(iterations):
        if away <= enough:
            break
        tried = (best[0] + step * left[0], best[1] + step * left[1], best[2] + step * left[2])
        rest = missed(field, size, target, tried)
        if squared(rest) < away:
            best, left, away = tried, rest, squared(rest)
        else:
            step *= 0.5
    return best


@compiled
def vector(values: Array) -> Any:
    """Three numbers in double precision."""
    return np.float64(values[0]), np.float64(values[1]), np.float64(values[2])


@compiled
def squared(values: Any) -> Any:
    """The squared length of three numbers."""
    return values[0] * values[0] + values[1] * values[1] + values[2] * values[2]


@compiled
def missed(field: Array, size: Size, target: Any, point: Any) -> Any:
    """``target - q - u(q)`` at a point ``q``, the field read linearly, its edge repeated."""
    a, above, p = between(point[0], size[0])
    b, right, r = between(point[1], size[1])
    c, behind, t = between(point[2], size[2])
    x, y, z = target[0] - point[0], target[1] - point[1], target[2] - point[2]
    for i, along in ((a, 1 - p), (above, p)):
        for j, across in ((b, along * (1 - r)), (right, along * r)):
            for k, weight in ((c, across * (1 - t)), (behind, across * t)):
                x -= weight * field[i, j, k, 0]
                y -= weight * field[i, j, k, 1]
                z -= weight * field[i, j, k, 2]
    return x, y, z


@compiled
def between(x: float, size: int) -> Any:
    """Both neighbours on one axis and the weight of the upper; where ``x`` is not finite the weight is NaN."""
    held = min(x if x > 0 else 0.0, size - 1.0)
    base = int(held)
    return base, min(base + 1, size - 1), held - base + (x - x)
