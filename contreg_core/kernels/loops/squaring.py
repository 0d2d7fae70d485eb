"""One step of scaling and squaring, ``v <- v + v(p + v)``, and its adjoint; fields are ``(B, D, H, W, 3)``.

The three components of a voxel lie side by side, so that one read of memory brings them all.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled
from contreg_core.kernels.loops.places import (
    BLOCK,
    corners,
    held_inside,
    ramp,
    shares,
    slopes_inside,
    strides,
)

Array: TypeAlias = NDArray[Any]


@compiled
def square(start: int, stop: int, v: Array, out: Array) -> None:
    """``out(p) = v(p) + v(p + v(p))`` of rows ``start`` to ``stop`` of the ``B * D`` slices."""
    rows, columns, width = v.shape[1], v.shape[2], v.shape[3]
    line, parts = ramp(v, v.shape[3]), np.empty((3, BLOCK), v.dtype)
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(6 * BLOCK, v.dtype)
    steps, first = strides((rows, columns, width)), low.view(np.uint32)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        field = v[n].reshape(-1)
        for j in range(columns):
            for k in range(0, width, BLOCK):
                end = min(k + BLOCK, width)
                place(v, (n, i, j, k), line, parts, low, weights)
                add_mix(field, steps, first, weights, v[n, i, j, k:end], out[n, i, j, k:end])


@compiled
def place(
    v: Array, where: tuple[int, int, int, int], line: Array, parts: Array, low: Array, weights: Array
) -> None:
    """Where a block of voxels comes from: neighbours and weights along three axes, and the displacements themselves."""
    n, i, j, first = where
    real, end = v.dtype.type, min(first + BLOCK, v.shape[3])
    count, nothing = end - first, real(0)
    split(v[n, i, j, first:end], parts[0], parts[1], parts[2])
    columns, two, four = line[first:end], 2 * BLOCK, 4 * BLOCK
    tops = real(v.shape[1] - 1), real(v.shape[2] - 1), real(v.shape[3] - 1)
    held_inside(parts[0, :count], real(i), columns, nothing, tops[0], low[:BLOCK], weights[:two])
    held_inside(parts[1, :count], real(j), columns, nothing, tops[1], low[BLOCK:two], weights[two:four])
    held_inside(parts[2, :count], nothing, columns, real(1), tops[2], low[two:], weights[four:])


@compiled
def split(v: Array, x: Array, y: Array, z: Array) -> None:
    """``(n, 3)`` -> three lines."""
    for k in range(v.shape[0]):
        x[k], y[k], z[k] = v[k, 0], v[k, 1], v[k, 2]


@compiled
def triples(steps: Any, low: Array, k: int) -> Any:
    """``corners`` where every place holds three components."""
    a, b, c, d, behind = corners(steps, low, k)
    three = np.uint64(3)
    return a * three, b * three, c * three, d * three, behind * three


@compiled
def add_mix(v: Array, steps: Any, low: Array, w: Array, own: Array, out: Array) -> None:
    """``out = own`` plus the weighted sum of eight neighbours in ``v``, for a block of voxels."""
    one, two = np.uint64(1), np.uint64(2)
    for k in range(own.shape[0]):
        a, b, c, d, e = triples(steps, low, k)
        p, q, r, s, t, u = shares(w, k)
        at, au, bt, bu = p * r * t, p * r * u, p * s * t, p * s * u
        ct, cu, dt, du = q * r * t, q * r * u, q * s * t, q * s * u
        x = own[k, 0] + at * v[a] + au * v[a + e] + bt * v[b] + bu * v[b + e]
        x += ct * v[c] + cu * v[c + e] + dt * v[d] + du * v[d + e]
        y = own[k, 1] + at * v[a + one] + au * v[a + e + one] + bt * v[b + one] + bu * v[b + e + one]
        y += ct * v[c + one] + cu * v[c + e + one] + dt * v[d + one] + du * v[d + e + one]
        z = own[k, 2] + at * v[a + two] + au * v[a + e + two] + bt * v[b + two] + bu * v[b + e + two]
        z += ct * v[c + two] + cu * v[c + e + two] + dt * v[d + two] + du * v[d + e + two]
        out[k, 0], out[k, 1], out[k, 2] = x, y, z


@compiled
def square_adjoint(start: int, stop: int, v: Array, gradient: Array, out: Array) -> None:
    """Add to ``out`` the gradient for ``v``, from those rows of ``gradient``. It writes rows outside its own."""
    real = v.dtype.type
    rows, columns, width = v.shape[1], v.shape[2], v.shape[3]
    line, parts = ramp(v, v.shape[3]), np.empty((3, BLOCK), v.dtype)
    low, weights = np.empty(3 * BLOCK, np.int32), np.empty(12 * BLOCK, v.dtype)
    steps, first = strides((rows, columns, width)), low.view(np.uint32)
    nothing, tops = real(0), (real(rows - 1), real(columns - 1), real(width - 1))
    for row in range(start, stop):
        n, i = row // rows, row % rows
        field, total = v[n].reshape(-1), out[n].reshape(-1)
        for j in range(columns):
            for k in range(0, width, BLOCK):
                end = min(k + BLOCK, width)
                place(v, (n, i, j, k), line, parts, low, weights[: 6 * BLOCK])
                count, across = end - k, line[k:end]
                slopes_inside(parts[0, :count], real(i), across, nothing, tops[0], weights[6 * BLOCK :])
                slopes_inside(parts[1, :count], real(j), across, nothing, tops[1], weights[8 * BLOCK :])
                slopes_inside(parts[2, :count], nothing, across, real(1), tops[2], weights[10 * BLOCK :])
                lean(field, steps, first, weights, gradient[n, i, j, k:end], out[n, i, j, k:end])
                deal(gradient[n, i, j, k:end], steps, first, weights, total)


@compiled
def lean(v: Array, steps: Any, low: Array, w: Array, gradient: Array, out: Array) -> None:
    """Add a block's gradient through its own value and through the place it reads."""
    one, two = np.uint64(1), np.uint64(2)
    for k in range(gradient.shape[0]):
        a, b, c, d, e = triples(steps, low, k)
        f, g, h, i = a + e, b + e, c + e, d + e
        x, y, z = gradient[k, 0], gradient[k, 1], gradient[k, 2]
        # What the gradient makes of each neighbour's three components.
        a0, a1 = x * v[a] + y * v[a + one] + z * v[a + two], x * v[f] + y * v[f + one] + z * v[f + two]
        b0, b1 = x * v[b] + y * v[b + one] + z * v[b + two], x * v[g] + y * v[g + one] + z * v[g + two]
        c0, c1 = x * v[c] + y * v[c + one] + z * v[c + two], x * v[h] + y * v[h + one] + z * v[h + two]
        d0, d1 = x * v[d] + y * v[d + one] + z * v[d + two], x * v[i] + y * v[i + one] + z * v[i + two]
        p, q, r, s, t, u = shares(w, k)
        av, bv, cv, dv = t * a0 + u * a1, t * b0 + u * b1, t * c0 + u * c1, t * d0 + u * d1
        x += w[6 * BLOCK + k] * (r * av + s * bv) + w[7 * BLOCK + k] * (r * cv + s * dv)
        y += w[8 * BLOCK + k] * (p * av + q * cv) + w[9 * BLOCK + k] * (p * bv + q * dv)
        left, far = (
            p * (r * a0 + s * b0) + q * (r * c0 + s * d0),
            p * (r * a1 + s * b1) + q * (r * c1 + s * d1),
        )
        z += w[10 * BLOCK + k] * left + w[11 * BLOCK + k] * far
        out[k, 0] += x
        out[k, 1] += y
        out[k, 2] += z


@compiled
def deal(gradient: Array, steps: Any, low: Array, w: Array, out: Array) -> None:
    """Add a block's gradient to the eight neighbours that each voxel reads."""
    for k in range(gradient.shape[0]):
        a, b, c, d, e = triples(steps, low, k)
        p, q, r, s, t, u = shares(w, k)
        x, y, z = gradient[k, 0], gradient[k, 1], gradient[k, 2]
        give(out, a, p * r * t, x, y, z)
        give(out, a + e, p * r * u, x, y, z)
        give(out, b, p * s * t, x, y, z)
        give(out, b + e, p * s * u, x, y, z)
        give(out, c, q * r * t, x, y, z)
        give(out, c + e, q * r * u, x, y, z)
        give(out, d, q * s * t, x, y, z)
        give(out, d + e, q * s * u, x, y, z)


@compiled
def give(out: Array, place: Any, weight: Any, x: Any, y: Any, z: Any) -> None:
    """Add ``weight * (x, y, z)`` at a place."""
    out[place] += weight * x
    out[place + np.uint64(1)] += weight * y
    out[place + np.uint64(2)] += weight * z
