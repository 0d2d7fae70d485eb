"""Linear sampling of maps of many channels that lie together at each voxel, and its two adjoints.

Where ``sampling`` finds eight neighbours for each number, here a point's neighbours are eight rows of channels, read
from end to end. Maps ``(B, voxels, C)`` are bits (``halves``); points ``(B, 3, *out)`` are displacements from each
row's own place, and past the border the edge is repeated.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.halves import narrow, wide
from contreg_core.kernels.loops.machine import compiled, in_parts
from contreg_core.kernels.loops.places import BLOCK, Size, corners, incline, place, ramp, shares, strides

Array: TypeAlias = NDArray[Any]


@compiled
def read(start: int, stop: int, image: Array, shift: Any, size: Size, points: Array, out: Array) -> None:
    """``out (B, *out, C)`` of rows ``start`` to ``stop`` of the ``B * out[0]`` slices."""
    rows, line, own = out.shape[1], ramp(points, points.shape[4]), points.dtype.type(1)
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(6 * BLOCK, points.dtype)
    steps, first = strides(size), low.view(np.uint32)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(out.shape[2]):
            for k in range(0, out.shape[3], BLOCK):
                count = place(points, (n, i, j, k), line, size, own, False, low, weights)
                for p in range(count):
                    where, part = corners(steps, first, p), shares(weights, p)
                    mix(image[n], shift, where, part, out[n, i, j, k + p])


@compiled
def mix(image: Array, shift: Any, where: Any, part: Any, out: Array) -> None:
    """One point's channels: the weighted sum of eight rows."""
    a, b, c, d, behind = where
    p, q, r, s, t, u = part
    a0, a1, b0, b1 = image[a], image[a + behind], image[b], image[b + behind]
    c0, c1, d0, d1 = image[c], image[c + behind], image[d], image[d + behind]
    for m in range(out.size):
        above = r * (t * wide(a0[m], shift) + u * wide(a1[m], shift)) + s * (
            t * wide(b0[m], shift) + u * wide(b1[m], shift)
        )
        below = r * (t * wide(c0[m], shift) + u * wide(c1[m], shift)) + s * (
            t * wide(d0[m], shift) + u * wide(d1[m], shift)
        )
        out[m] = narrow(p * above + q * below, shift)


@compiled
def slopes(
    start: int, stop: int, image: Array, shift: Any, size: Size, points: Array, gradient: Array, out: Array
) -> None:
    """The gradient for ``points``, where ``gradient`` is the one for what ``read`` gave."""
    rows, line, own = out.shape[2], ramp(points, points.shape[4]), points.dtype.type(1)
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(12 * BLOCK, points.dtype)
    steps, first = strides(size), low.view(np.uint32)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(out.shape[3]):
            for k in range(0, out.shape[4], BLOCK):
                where = (n, i, j, k)
                count = place(points, where, line, size, own, False, low, weights)
                incline(points, where, line, size, own, False, weights[6 * BLOCK :])
                for m in range(count):
                    given = gradient[n, i, j, k + m]
                    av, aw, bv, bw, cv, cw, dv, dw = products(
                        image[n], shift, corners(steps, first, m), given
                    )
                    p, q, r, s, t, u = shares(weights, m)
                    pp, qq, rr, ss, tt, uu = shares(weights[6 * BLOCK :], m)
                    ax, bx, cx, dx = t * av + u * aw, t * bv + u * bw, t * cv + u * cw, t * dv + u * dw
                    near = p * (r * av + s * bv) + q * (r * cv + s * dv)
                    far = p * (r * aw + s * bw) + q * (r * cw + s * dw)
                    out[n, 0, i, j, k + m] = pp * (r * ax + s * bx) + qq * (r * cx + s * dx)
                    out[n, 1, i, j, k + m] = rr * (p * ax + q * cx) + ss * (p * bx + q * dx)
                    out[n, 2, i, j, k + m] = tt * near + uu * far


@in_parts
def products(image: Array, shift: Any, where: Any, gradient: Array) -> Any:
    """One point's gradient times each of its eight neighbours, summed over channels."""
    a, b, c, d, behind = where
    a0, a1, b0, b1 = image[a], image[a + behind], image[b], image[b + behind]
    c0, c1, d0, d1 = image[c], image[c + behind], image[d], image[d + behind]
    av = aw = bv = bw = cv = cw = dv = dw = np.float32(0)
    for m in range(gradient.size):
        g = wide(gradient[m], shift)
        av += g * wide(a0[m], shift)
        aw += g * wide(a1[m], shift)
        bv += g * wide(b0[m], shift)
        bw += g * wide(b1[m], shift)
        cv += g * wide(c0[m], shift)
        cw += g * wide(c1[m], shift)
        dv += g * wide(d0[m], shift)
        dw += g * wide(d1[m], shift)
    return av, aw, bv, bw, cv, cw, dv, dw


@compiled
def scatter(
    start: int, stop: int, shift: Any, size: Size, points: Array, gradient: Array, out: Array
) -> None:
    """Add the map's gradient to ``out (B, voxels, C)``, float32; of some channels only, so that threads never meet."""
    line, own = ramp(points, points.shape[4]), points.dtype.type(1)
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(6 * BLOCK, points.dtype)
    steps, lows = strides(size), low.view(np.uint32)
    for n in range(gradient.shape[0]):
        for i in range(gradient.shape[1]):
            for j in range(gradient.shape[2]):
                for k in range(0, gradient.shape[3], BLOCK):
                    count = place(points, (n, i, j, k), line, size, own, False, low, weights)
                    for p in range(count):
                        given = gradient[n, i, j, k + p, start:stop]
                        deal(given, shift, corners(steps, lows, p), shares(weights, p), out[n, :, start:stop])


@compiled
def deal(gradient: Array, shift: Any, where: Any, part: Any, out: Array) -> None:
    """Add one point's channels to its eight neighbours."""
    a, b, c, d, behind = where
    p, q, r, s, t, u = part
    add(gradient, shift, p * r * t, out[a])
    add(gradient, shift, p * r * u, out[a + behind])
    add(gradient, shift, p * s * t, out[b])
    add(gradient, shift, p * s * u, out[b + behind])
    add(gradient, shift, q * r * t, out[c])
    add(gradient, shift, q * r * u, out[c + behind])
    add(gradient, shift, q * s * t, out[d])
    add(gradient, shift, q * s * u, out[d + behind])


@compiled
def add(gradient: Array, shift: Any, weight: Any, out: Array) -> None:
    """``out += weight * gradient``."""
    for m in range(gradient.size):
        out[m] += weight * wide(gradient[m], shift)
