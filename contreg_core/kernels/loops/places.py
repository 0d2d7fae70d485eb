"""Where points fall on one axis of a grid: the lower of two neighbours, both weights, and the weights' slopes.

Points come in blocks of at most ``BLOCK`` along the last axis. All that is done here is free of branches and stands in
loops of its own, which the compiler turns into vector instructions; the reading of neighbours that follows cannot be.
A block's numbers lie in one array each, ``BLOCK`` apart, so that the reading needs few addresses.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled

Array: TypeAlias = NDArray[Any]
Size: TypeAlias = tuple[int, int, int]
BLOCK = 64


@compiled
def held_inside(u: Array, start: Any, ramp: Array, own: Any, top: Any, low: Array, weights: Array) -> None:
    """Border padding: coordinates ``u + start + own * ramp`` are held in ``0 .. top``.

    The comparisons send NaN to neighbour 0; ``x - x`` keeps it NaN in the weights. ``low`` is below ``top``, so that
    the upper neighbour is always the next one; an axis of one voxel is its own neighbour.
    """
    zero, one = top - top, weights.dtype.type(1)
    last = top - one if top > zero else zero
    for k in range(u.size):
        x = u[k] + (start + own * ramp[k])
        held = x if x > zero else zero
        held = held if held < top else top
        base = np.floor(held)
        base = base if base < last else last
        part = (held - base) + (x - x)
        low[k] = np.int32(base)
        weights[k] = one - part
        weights[BLOCK + k] = part


@compiled
def slopes_inside(u: Array, start: Any, ramp: Array, own: Any, top: Any, slopes: Array) -> None:
    """How ``held_inside``'s weights change with the coordinate; not at all outside."""
    zero, one = top - top, slopes.dtype.type(1)
    for k in range(u.size):
        x = u[k] + (start + own * ramp[k])
        slope = one if x > zero else zero
        slope = slope if x < top else zero
        slopes[k] = -slope
        slopes[BLOCK + k] = slope


@compiled
def faded(u: Array, start: Any, ramp: Array, own: Any, top: Any, low: Array, weights: Array) -> None:
    """Zeros padding: like ``held_inside``, but neighbours outside weigh nothing."""
    zero, one = top - top, weights.dtype.type(1)
    end, last = top + one, top - one
    for k in range(u.size):
        x = u[k] + (start + own * ramp[k])
        held = x if x > -one else -one
        held = held if held < end else end
        floor = np.floor(held)
        part = (held - floor) + (x - x)
        base = floor if floor > zero else zero
        low[k] = np.int32(base if base < last else last)
        # Below 0 the pair is moved up by one, from ``top`` on down by one: the neighbour inside is then the other one.
        below, above = floor < zero, floor >= top
        first = part if below else one - part
        second = one - part if above else part
        weights[k] = zero * part if above else first
        weights[BLOCK + k] = zero * part if below else (second if floor <= top else zero * part)


@compiled
def slopes_faded(u: Array, start: Any, ramp: Array, own: Any, top: Any, slopes: Array) -> None:
    """How ``faded``'s weights change with the coordinate."""
    zero, one = top - top, slopes.dtype.type(1)
    end = top + one
    for k in range(u.size):
        x = u[k] + (start + own * ramp[k])
        near = one if x > -one else zero
        near = near if x < end else zero
        below, above = x < zero, x >= top
        slopes[k] = zero if above else (near if below else -near)
        slopes[BLOCK + k] = zero if below else (-near if above else near)


@compiled
def ramp(like: Array, count: int) -> Array:
    """0, 1, 2 ... as real numbers of an array's type: whole ones are slow to convert."""
    line = np.empty(count, like.dtype)
    for k in range(line.size):
        line[k] = k
    return line


@compiled
def place(
    points: Array, where: tuple[int, int, int, int], line: Array, size: Size, own: Any, zeros: bool,
    low: Array, weights: Array,
) -> int:  # fmt: skip
    """Neighbours and weights of a block of ``points (B, 3, *out)`` from ``where`` (n, i, j, k) on; how many.

    ``low`` and ``weights`` take three axes after each other.
    """
    n, i, j, first = where
    real, end = points.dtype.type, int(min(first + BLOCK, points.shape[4]))
    nothing, here = real(0), (own * real(i), own * real(j), real(0))
    for axis in range(3):
        u = points[n, axis, i, j, first:end]
        step = own if axis == 2 else nothing
        top, columns = real(size[axis] - 1), line[first:end]
        lows = low[axis * BLOCK : (axis + 1) * BLOCK]
        both = weights[2 * axis * BLOCK : 2 * (axis + 1) * BLOCK]
        if zeros and size[axis] > 1:  # an axis of one voxel has no outside
            faded(u, here[axis], columns, step, top, lows, both)
        else:
            held_inside(u, here[axis], columns, step, top, lows, both)
    return end - first


@compiled
def incline(
    points: Array, where: tuple[int, int, int, int], line: Array, size: Size, own: Any, zeros: bool, slopes: Array
) -> None:  # fmt: skip
    """The slopes of the weights that ``place`` gives."""
    n, i, j, first = where
    real, end = points.dtype.type, min(first + BLOCK, points.shape[4])
    nothing, here = real(0), (own * real(i), own * real(j), real(0))
    for axis in range(3):
        u = points[n, axis, i, j, first:end]
        step = own if axis == 2 else nothing
        top, columns = real(size[axis] - 1), line[first:end]
        both = slopes[2 * axis * BLOCK : 2 * (axis + 1) * BLOCK]
        if zeros and size[axis] > 1:
            slopes_faded(u, here[axis], columns, step, top, both)
        else:
            slopes_inside(u, here[axis], columns, step, top, both)


@compiled
def strides(size: Size) -> Any:
    """Steps to the next row, column and slice in memory, and to the upper neighbour along each axis."""
    sheet, line = np.uint64(size[1] * size[2]), np.uint64(size[2])
    nothing, one = np.uint64(0), np.uint64(1)
    up = sheet if size[0] > 1 else nothing
    right = line if size[1] > 1 else nothing
    return sheet, line, up, right, (one if size[2] > 1 else nothing)


@compiled
def corners(steps: Any, low: Array, k: int) -> Any:
    """Where the ``k``-th point's four lower neighbours lie, and the step from each to the one behind it."""
    sheet, line, up, right, behind = steps
    a = np.uint64(low[k]) * sheet + np.uint64(low[BLOCK + k]) * line + np.uint64(low[2 * BLOCK + k])
    return a, a + right, a + up, a + up + right, behind


@compiled
def shares(w: Array, k: int) -> Any:
    """The ``k``-th point's weights, two along each axis."""
    two, four = 2 * BLOCK + k, 4 * BLOCK + k
    return w[k], w[BLOCK + k], w[two], w[BLOCK + two], w[four], w[BLOCK + four]
