"""Linear sampling of ``(B, C, voxels)`` images, and its two adjoints.

Points are ``(B, 3, *out)``. They are coordinates, or displacements that the row's own place is added to (``own`` 1).
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled
from contreg_core.kernels.loops.places import BLOCK, Size, corners, incline, place, ramp, shares, strides

Array: TypeAlias = NDArray[Any]


@compiled
def read(
    start: int, stop: int, image: Array, size: Size, points: Array, own: Any, zeros: bool, out: Array
) -> None:
    """``out (B, C, *out)`` of rows ``start`` to ``stop`` of the ``B * out[0]`` slices."""
    rows, line = out.shape[2], ramp(points, points.shape[4])
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(6 * BLOCK, points.dtype)
    steps, first = strides(size), low.view(np.uint32)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(out.shape[3]):
            for k in range(0, out.shape[4], BLOCK):
                count = place(points, (n, i, j, k), line, size, own, zeros, low, weights)
                for m in range(image.shape[1]):
                    mix(image[n, m], steps, first, weights, out[n, m, i, j, k : k + count])


@compiled
def mix(image: Array, steps: Any, low: Array, w: Array, out: Array) -> None:
    """A block of weighted sums of eight neighbours."""
    for k in range(out.size):
        a, b, c, d, behind = corners(steps, low, k)
        p, q, r, s, t, u = shares(w, k)
        above = r * (t * image[a] + u * image[a + behind]) + s * (t * image[b] + u * image[b + behind])
        below = r * (t * image[c] + u * image[c + behind]) + s * (t * image[d] + u * image[d + behind])
        out[k] = p * above + q * below


@compiled
def slopes(
    start: int,
    stop: int,
    image: Array,
    size: Size,
    points: Array,
    own: Any,
    zeros: bool,
    gradient: Array,
    out: Array,
) -> None:
    """The gradient for ``points``, where ``gradient`` is the one for what ``read`` gave."""
    rows, line = out.shape[2], ramp(points, points.shape[4])
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(12 * BLOCK, points.dtype)
    steps, first = strides(size), low.view(np.uint32)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(out.shape[3]):
            for k in range(0, out.shape[4], BLOCK):
                where = (n, i, j, k)
                end = k + place(points, where, line, size, own, zeros, low, weights)
                incline(points, where, line, size, own, zeros, weights[6 * BLOCK :])
                x, y, z = out[n, 0, i, j, k:end], out[n, 1, i, j, k:end], out[n, 2, i, j, k:end]
                for m in range(image.shape[1]):
                    lean(image[n, m], steps, first, weights, gradient[n, m, i, j, k:end], m > 0, x, y, z)


@compiled
def lean(
    image: Array, steps: Any, low: Array, w: Array, gradient: Array, more: bool, x: Array, y: Array, z: Array
) -> None:
    """A block of one channel's share in the gradient for the points; ``more`` adds it to that of others."""
    zero = gradient.dtype.type(0)
    for k in range(gradient.size):
        a, b, c, d, behind = corners(steps, low, k)
        g = gradient[k]
        p, q, r, s, t, u = shares(w, k)
        tt, uu = w[10 * BLOCK + k], w[11 * BLOCK + k]
        a0, a1, b0, b1 = image[a], image[a + behind], image[b], image[b + behind]
        c0, c1, d0, d1 = image[c], image[c + behind], image[d], image[d + behind]
        av, bv, cv, dv = t * a0 + u * a1, t * b0 + u * b1, t * c0 + u * c1, t * d0 + u * d1
        one = g * (w[6 * BLOCK + k] * (r * av + s * bv) + w[7 * BLOCK + k] * (r * cv + s * dv))
        two = g * (w[8 * BLOCK + k] * (p * av + q * cv) + w[9 * BLOCK + k] * (p * bv + q * dv))
        left, far = (
            p * (r * a0 + s * b0) + q * (r * c0 + s * d0),
            p * (r * a1 + s * b1) + q * (r * c1 + s * d1),
        )
        x[k] = one + (x[k] if more else zero)
        y[k] = two + (y[k] if more else zero)
        z[k] = g * (tt * left + uu * far) + (z[k] if more else zero)


@compiled
def scatter(
    start: int, stop: int, size: Size, points: Array, own: Any, zeros: bool, gradient: Array, out: Array
) -> None:
    """Add to ``out (B, C, voxels)`` the image's gradient; rows are its ``B * C`` planes, so threads never meet."""
    planes, line = gradient.shape[1], ramp(points, points.shape[4])
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(6 * BLOCK, points.dtype)
    steps, lows = strides(size), low.view(np.uint32)
    for n in range(start // planes, (stop + planes - 1) // planes):
        first, last = max(start - n * planes, 0), min(stop - n * planes, planes)
        for i in range(gradient.shape[2]):
            for j in range(gradient.shape[3]):
                for k in range(0, gradient.shape[4], BLOCK):
                    end = k + place(points, (n, i, j, k), line, size, own, zeros, low, weights)
                    for m in range(first, last):
                        deal(gradient[n, m, i, j, k:end], steps, lows, weights, out[n, m])


@compiled
def deal(gradient: Array, steps: Any, low: Array, w: Array, out: Array) -> None:
    """Add a block to the eight neighbours of each point."""
    for k in range(gradient.size):
        a, b, c, d, behind = corners(steps, low, k)
        p, q, r, s, t, u = shares(w, k)
        above, below = gradient[k] * p, gradient[k] * q
        out[a] += above * r * t
        out[a + behind] += above * r * u
        out[b] += above * s * t
        out[b + behind] += above * s * u
        out[c] += below * r * t
        out[c + behind] += below * r * u
        out[d] += below * s * t
        out[d + behind] += below * s * u
