"""The local correlation of two images, squared or signed, from in-plane sums, and its adjoint; images ``(N, D, H, W)``.

Every formula stands in a small loop of its own over one sheet ``(D * W)``: those the compiler vectorises.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled
from contreg_core.kernels.loops.windows import along_depth, gather, put, scratch

Array: TypeAlias = NDArray[Any]


@compiled
def moments(a: Array, b: Array, aa: Array, bb: Array, ab: Array, count: Array) -> None:
    """Window sums -> means, variances (never negative) and covariance, in place.

    True divisions: by a rounded ``1 / count`` flat and saturated regions would not have exactly no variance.
    """
    divide(a, count)
    divide(b, count)
    variance(aa, a, count)
    variance(bb, b, count)
    for k in range(count.size):
        ab[k] = ab[k] / count[k] - a[k] * b[k]


@compiled
def divide(values: Array, count: Array) -> None:
    """``values /= count``."""
    for k in range(count.size):
        values[k] /= count[k]


@compiled
def variance(squares: Array, mean: Array, count: Array) -> None:
    """``squares / count - mean^2`` in place, at least 0."""
    zero = count.dtype.type(0)
    for k in range(count.size):
        value = squares[k] / count[k] - mean[k] * mean[k]
        squares[k] = value if value > zero else zero


@compiled
def inverses(aa: Array, bb: Array, eps: Any, part: Array) -> None:
    """``part = 1 / (var_a var_b + eps)``."""
    one = part.dtype.type(1)
    for k in range(part.size):
        part[k] = one / (aa[k] * bb[k] + eps)


@compiled
def squared(ab: Array, part: Array, value: Array) -> None:
    """``value = cov^2 part``."""
    for k in range(ab.size):
        value[k] = ab[k] * ab[k] * part[k]


@compiled
def signed(ab: Array, part: Array, value: Array) -> None:
    """``value = cov sqrt(part)``."""
    for k in range(ab.size):
        value[k] = ab[k] * np.sqrt(part[k])


@compiled
def squared_slopes(ab: Array, value: Array, part: Array, count: Array, by_cov: Array, by_vars: Array) -> None:
    """``d value / d cov`` and ``-d value / d (var_a var_b)``, both for one sample of the window."""
    two = ab.dtype.type(2)
    for k in range(ab.size):
        part[k] /= count[k]
    for k in range(ab.size):
        by_cov[k] = two * ab[k] * part[k]
    for k in range(ab.size):
        by_vars[k] = value[k] * part[k]


@compiled
def signed_slopes(value: Array, part: Array, count: Array, by_cov: Array, by_vars: Array) -> None:
    """The same for the signed value."""
    half = value.dtype.type(0.5)
    for k in range(value.size):
        by_cov[k] = np.sqrt(part[k]) / count[k]
    for k in range(value.size):
        by_vars[k] = half * value[k] * part[k] / count[k]


@compiled
def one_side(
    mean: Array,
    other_mean: Array,
    other_var: Array,
    by_cov: Array,
    by_vars: Array,
    by_var: Array,
    rest: Array,
) -> None:
    """For one image: what multiplies itself, and what multiplies neither."""
    two = mean.dtype.type(2)
    for k in range(mean.size):
        by_var[k] = by_vars[k] * other_var[k]
    for k in range(mean.size):
        rest[k] = by_cov[k] * other_mean[k] - two * by_var[k] * mean[k]


@compiled
def correlate(
    start: int,
    stop: int,
    sums: tuple[Array, ...],
    count: Array,
    window: int,
    eps: Any,
    sign: bool,
    maps: tuple[Array, ...],
    by_a: bool,
    by_b: bool,
    out: Array,
) -> None:
    """The map from in-plane sums of a, b, aa, bb, ab; ``maps`` receive what the adjoint sums over windows again.

    Those are, divided by ``count``: ``d out / d cov``, and for each image wanted ``-d out / d var`` and the part that
    multiplies no image. With ``S`` the window sum, ``d out / d a = b S(cov) - 2 a S(var) - S(rest)``.
    """
    rows = out.shape[2]
    line, spare, sheet = scratch(out, window, 12)
    a, b, aa, bb, ab, within = sheet[0], sheet[1], sheet[2], sheet[3], sheet[4], sheet[5]
    part, value, by_cov, by_vars, by_var, rest = sheet[6], sheet[7], sheet[8], sheet[9], sheet[10], sheet[11]
    for row in range(start, stop):
        n, j = row // rows, row % rows
        for m in range(5):
            along_depth(sums[m], n, j, line, spare, sheet[m], window)
        gather(count, n % count.shape[0], j, within)
        moments(a, b, aa, bb, ab, within)
        inverses(aa, bb, eps, part)
        if sign:
            signed(ab, part, value)
        else:
            squared(ab, part, value)
        put(value, out, n, j)
        if by_a or by_b:
            if sign:
                signed_slopes(value, part, within, by_cov, by_vars)
            else:
                squared_slopes(ab, value, part, within, by_cov, by_vars)
            put(by_cov, maps[0], n, j)
        if by_a:
            one_side(a, b, bb, by_cov, by_vars, by_var, rest)
            put(by_var, maps[1], n, j)
            put(rest, maps[2], n, j)
        if by_b:
            one_side(b, a, aa, by_cov, by_vars, by_var, rest)
            put(by_var, maps[3], n, j)
            put(rest, maps[4], n, j)


@compiled
def combine(
    start: int, stop: int, sums: tuple[Array, ...], own: Array, other: Array, window: int, out: Array
) -> None:
    """The gradient for ``own`` from in-plane sums of ``correlate``'s maps times the gradient for its result."""
    rows = out.shape[2]
    line, spare, sheet = scratch(out, window, 5)
    for row in range(start, stop):
        n, j = row // rows, row % rows
        for m in range(3):
            along_depth(sums[m], n, j, line, spare, sheet[m], window)
        gather(own, n, j, sheet[3])
        gather(other, n, j, sheet[4])
        chain(sheet[0], sheet[1], sheet[2], sheet[3], sheet[4])
        put(sheet[0], out, n, j)


@compiled
def chain(by_cov: Array, by_var: Array, rest: Array, own: Array, other: Array) -> None:
    """``other S(cov) - 2 own S(var) - S(rest)``, into the first."""
    two = own.dtype.type(2)
    for k in range(own.size):
        by_cov[k] = other[k] * by_cov[k] - two * own[k] * by_var[k] - rest[k]
