"""Linear sampling of ``(B, C, voxels)`` images, and its two adjoints.

Points are ``(B, 3, *out)``. They are coordinates, or displacements that the row's own place is added to (``own`` 1).
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled

Array: TypeAlias = NDArray[Any]
Size: TypeAlias = tuple[int, int, int]


@compiled
def inside(x: Any, top: Any, one: Any) -> Any:
    """Border padding: the two neighbours along an axis, their weights and the weights' slopes.

    The comparison order sends NaN to index 0; ``x - x`` keeps it NaN in the weights. Outside the slope is 0.
    """
    zero = one - one
    held = x if x > zero else zero
    held = held if held < top else top
    low = np.floor(held)
    part = (held - low) + (x - x)
    first = np.uint32(low)
    second = np.uint32(low + one if low < top else low)
    slope = one if x > zero and x < top else zero
    return first, second, one - part, part, -slope, slope


@compiled
def faded(x: Any, top: Any, one: Any) -> Any:
    """Zeros padding: like ``inside``, neighbours outside weigh nothing."""
    zero = one - one
    end = top + one
    held = x if x > -one else -one
    held = held if held < end else end
    low = np.floor(held)
    part = (held - low) + (x - x)
    near = one if x > -one and x < end else zero
    left = one if low >= zero and low <= top else zero
    right = one if low < top else zero
    first = np.uint32(low if left > zero else zero)
    second = np.uint32(low + one if right > zero else top)
    return first, second, (one - part) * left, part * right, -left * near, right * near


@compiled
def neighbours(x: Any, top: Any, one: Any, zeros: bool) -> Any:
    """``inside`` or ``faded``; an axis of one voxel has no outside."""
    if zeros and top > one - one:
        return faded(x, top, one)
    return inside(x, top, one)


@compiled
def read(
    start: int, stop: int, image: Array, size: Size, points: Array, own: Any, zeros: bool, out: Array
) -> None:
    """``out (B, C, *out)`` of rows ``start`` to ``stop`` of the ``B * out[0]`` slices."""
    real = points.dtype.type
    one, rows, columns, width = real(1), out.shape[2], out.shape[3], out.shape[4]
    far, high, wide = real(size[0] - 1), real(size[1] - 1), real(size[2] - 1)
    line, sheet = np.uint32(size[2]), np.uint32(size[1] * size[2])
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(columns):
            for k in range(width):
                a, b, p, q, _, _ = neighbours(points[n, 0, i, j, k] + own * real(i), far, one, zeros)
                c, d, r, s, _, _ = neighbours(points[n, 1, i, j, k] + own * real(j), high, one, zeros)
                e, f, t, u, _, _ = neighbours(points[n, 2, i, j, k] + own * real(k), wide, one, zeros)
                ac, ad, bc, bd = (
                    a * sheet + c * line,
                    a * sheet + d * line,
                    b * sheet + c * line,
                    b * sheet + d * line,
                )
                for m in range(image.shape[1]):
                    above = r * (t * image[n, m, ac + e] + u * image[n, m, ac + f])
                    above += s * (t * image[n, m, ad + e] + u * image[n, m, ad + f])
                    below = r * (t * image[n, m, bc + e] + u * image[n, m, bc + f])
                    below += s * (t * image[n, m, bd + e] + u * image[n, m, bd + f])
                    out[n, m, i, j, k] = p * above + q * below


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
    real = points.dtype.type
    one, rows, columns, width = real(1), out.shape[2], out.shape[3], out.shape[4]
    far, high, wide = real(size[0] - 1), real(size[1] - 1), real(size[2] - 1)
    line, sheet = np.uint32(size[2]), np.uint32(size[1] * size[2])
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(columns):
            for k in range(width):
                a, b, p, q, pp, qq = neighbours(points[n, 0, i, j, k] + own * real(i), far, one, zeros)
                c, d, r, s, rr, ss = neighbours(points[n, 1, i, j, k] + own * real(j), high, one, zeros)
                e, f, t, u, tt, uu = neighbours(points[n, 2, i, j, k] + own * real(k), wide, one, zeros)
                ac, ad, bc, bd = (
                    a * sheet + c * line,
                    a * sheet + d * line,
                    b * sheet + c * line,
                    b * sheet + d * line,
                )
                x = y = z = one - one
                for m in range(image.shape[1]):
                    g = gradient[n, m, i, j, k]
                    ace, acf, ade, adf = (
                        image[n, m, ac + e],
                        image[n, m, ac + f],
                        image[n, m, ad + e],
                        image[n, m, ad + f],
                    )
                    bce, bcf, bde, bdf = (
                        image[n, m, bc + e],
                        image[n, m, bc + f],
                        image[n, m, bd + e],
                        image[n, m, bd + f],
                    )
                    av, aw = t * ace + u * acf, t * ade + u * adf
                    bv, bw = t * bce + u * bcf, t * bde + u * bdf
                    x += g * (pp * (r * av + s * aw) + qq * (r * bv + s * bw))
                    y += g * (p * (rr * av + ss * aw) + q * (rr * bv + ss * bw))
                    z += g * (
                        p * (r * (tt * ace + uu * acf) + s * (tt * ade + uu * adf))
                        + q * (r * (tt * bce + uu * bcf) + s * (tt * bde + uu * bdf))
                    )
                out[n, 0, i, j, k], out[n, 1, i, j, k], out[n, 2, i, j, k] = x, y, z


@compiled
def scatter(
    start: int, stop: int, size: Size, points: Array, own: Any, zeros: bool, gradient: Array, out: Array
) -> None:
    """Add to ``out (B, C, voxels)`` the image's gradient; rows are its ``B * C`` planes, so threads never meet."""
    real = points.dtype.type
    one, planes = real(1), gradient.shape[1]
    far, high, wide = real(size[0] - 1), real(size[1] - 1), real(size[2] - 1)
    line, sheet = np.uint32(size[2]), np.uint32(size[1] * size[2])
    for n in range(start // planes, (stop + planes - 1) // planes):
        first, last = max(start - n * planes, 0), min(stop - n * planes, planes)
        for i in range(gradient.shape[2]):
            for j in range(gradient.shape[3]):
                for k in range(gradient.shape[4]):
                    a, b, p, q, _, _ = neighbours(points[n, 0, i, j, k] + own * real(i), far, one, zeros)
                    c, d, r, s, _, _ = neighbours(points[n, 1, i, j, k] + own * real(j), high, one, zeros)
                    e, f, t, u, _, _ = neighbours(points[n, 2, i, j, k] + own * real(k), wide, one, zeros)
                    ac, ad, bc, bd = (
                        a * sheet + c * line,
                        a * sheet + d * line,
                        b * sheet + c * line,
                        b * sheet + d * line,
                    )
                    for m in range(first, last):
                        g = gradient[n, m, i, j, k]
                        out[n, m, ac + e] += g * p * r * t
                        out[n, m, ac + f] += g * p * r * u
                        out[n, m, ad + e] += g * p * s * t
                        out[n, m, ad + f] += g * p * s * u
                        out[n, m, bc + e] += g * q * r * t
                        out[n, m, bc + f] += g * q * r * u
                        out[n, m, bd + e] += g * q * s * t
                        out[n, m, bd + f] += g * q * s * u
