"""Sums over cubic windows, and the squared local correlation made of them; images are ``(N, D, H, W)``.

Sums along a line are partial sums of 1, 3, 9 ... samples, added by the window's digits in base 3, never running sums
(performance.md): where an image is flat zero, so are its sums.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled

Array: TypeAlias = NDArray[Any]


@compiled
def add(a: Array, b: Array, out: Array) -> None:
    """``out = a + b``; short loops over few arrays are what the compiler turns into vector instructions."""
    for i in range(out.size):
        out[i] = a[i] + b[i]


@compiled
def multiply(a: Array, b: Array, out: Array) -> None:
    """``out = a * b``."""
    for i in range(out.size):
        out[i] = a[i] * b[i]


@compiled
def copy(values: Array, out: Array) -> None:
    """``out = values``: ten times faster than numba's assignment to a slice."""
    for i in range(out.size):
        out[i] = values[i]


@compiled
def clear(out: Array) -> None:
    """``out = 0``."""
    for i in range(out.size):
        out[i] = 0


@compiled
def add_three(a: Array, b: Array, c: Array, out: Array) -> None:
    """``out = a + b + c``."""
    for i in range(out.size):
        out[i] = a[i] + b[i] + c[i]


@compiled
def slide(line: Array, spare: Array, total: Array, stride: int, window: int) -> None:
    """``total[i] = sum_k line[i + k * stride]`` over ``window`` samples; overwrites line and spare."""
    width, used, rest, count = 1, 0, window, total.size
    while True:
        for _ in range(rest % 3):
            part = line[used * stride : used * stride + count]
            if used:
                add(total, part, total)
            else:
                copy(part, total)
            used += width
        rest //= 3
        if rest == 0:
            return
        step = width * stride
        if rest == 1 and used == 0:
            return add_three(line, line[step:], line[2 * step :], total)
        add_three(line, line[step:], line[2 * step :], spare[: count + (window - 3 * width) * stride])
        line, spare = spare, line
        width *= 3


@compiled
def in_plane(start: int, stop: int, a: Array, b: Array, plain: bool, window: int, out: Array) -> None:
    """Sums of ``a * b`` (``plain``: of ``a``) over squares of the slices ``start`` to ``stop`` of ``N * D``."""
    depth, rows, width = a.shape[1], a.shape[2], a.shape[3]
    half = window // 2
    wide = width + 2 * half
    padded, count = (rows + 2 * half) * wide, rows * wide - 2 * half
    line, spare, across = np.empty(padded, a.dtype), np.empty(padded, a.dtype), np.empty(padded, a.dtype)
    total = np.empty(rows * wide, a.dtype)
    for row in range(start, stop):
        n, i = row // depth, row % depth
        clear(line)
        for j in range(rows):
            place = line[j * wide + half : j * wide + half + width]
            if plain:
                copy(a[n, i, j], place)
            else:
                multiply(a[n, i, j], b[n, i, j], place)
        clear(across)
        slide(line, spare, across[half * wide : half * wide + count], 1, window)
        slide(across, spare, total[:count], wide, window)
        for j in range(rows):
            copy(total[j * wide : j * wide + width], out[n, i, j])


@compiled
def along_depth(sums: Array, n: int, j: int, line: Array, spare: Array, total: Array, window: int) -> None:
    """``total`` ``(D * W)``: sums over the first axis of the sheet at row ``j``."""
    depth, width = sums.shape[1], sums.shape[3]
    half = window // 2
    clear(line[: half * width])
    clear(line[(half + depth) * width :])
    gather(sums, n, j, line[half * width : (half + depth) * width])
    slide(line, spare, total, width, window)


@compiled
def gather(image: Array, n: int, j: int, sheet: Array) -> None:
    """``sheet`` ``(D * W)``: the voxels at row ``j`` of every slice."""
    width = image.shape[3]
    for i in range(image.shape[1]):
        copy(image[n, i, j], sheet[i * width : (i + 1) * width])


@compiled
def put(sheet: Array, image: Array, n: int, j: int) -> None:
    """The other way round."""
    width = image.shape[3]
    for i in range(image.shape[1]):
        copy(sheet[i * width : (i + 1) * width], image[n, i, j])


@compiled
def scratch(image: Array, window: int, count: int) -> Any:
    """Two padded sheets for ``along_depth``, and ``count`` plain ones."""
    depth, width = image.shape[1], image.shape[3]
    padded = (depth + window - 1) * width
    return (
        np.empty(padded, image.dtype),
        np.empty(padded, image.dtype),
        np.empty((count, depth * width), image.dtype),
    )


@compiled
def through_depth(start: int, stop: int, sums: Array, window: int, out: Array) -> None:
    """Sums along depth of rows ``start`` to ``stop`` of the ``N * H`` sheets."""
    rows = sums.shape[2]
    line, spare, total = scratch(sums, window, 1)
    for row in range(start, stop):
        n, j = row // rows, row % rows
        along_depth(sums, n, j, line, spare, total[0], window)
        put(total[0], out, n, j)
