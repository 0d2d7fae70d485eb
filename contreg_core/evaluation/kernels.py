"""Compiled one-pass loops over voxels. Import this module inside functions only: numba takes a third of a
second.

Grids are 3-D here; ``three_axes`` gives a 2-D one a leading axis of size 1, out of which nothing moves.
Coordinates are float64, so that the half-way ties of a float32 displacement are exact.
"""

import os
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar, cast

import numpy as np
from numba import config, njit, prange
from numpy.typing import NDArray

# numba's OpenMP layer would share torch's runtime: it resets torch's thread count, and its spinning threads made every
# later torch call up to ten times slower on a busy machine (measured).
config.THREADING_LAYER = "workqueue"

Kernel = TypeVar("Kernel", bound=Callable[..., object])
Array = NDArray[Any]
_one_caller = Lock()  # of any of the loops here
_MAJORITY = 0.5 + 1e-9  # of weights that add up to 1: no other id can have as much


def three_axes(displacement: Array) -> NDArray[np.float32]:
    """``(ndim, *space)`` -> contiguous float32 ``(3, *space)``; 2-D becomes one slice."""
    field = np.ascontiguousarray(displacement, dtype=np.float32)
    if len(field) == 3:
        return field
    return np.concatenate([np.zeros_like(field[:1]), field])[:, None]


def compiled(function: Kernel, *, parallel: bool = False) -> Kernel:
    """``function`` as machine code, kept on disk where numba finds a folder it may write to."""
    try:
        return cast(Kernel, njit(cache=True, parallel=parallel)(function))
    except RuntimeError:  # neither the package folder nor the user's cache folder is writable
        return cast(Kernel, njit(parallel=parallel)(function))


def guarded(function: Kernel) -> Kernel:
    """``function`` on all cores, where that is safe; numba ends the whole process where it is not.

    Its threads do not survive a fork, so a forked child runs the loop on one core; they take one caller at a
    time, so callers queue.
    """
    # The serial form is not kept on disk: numba names the file by the function and would mix the two up.
    parallel, serial = compiled(function, parallel=True), njit(function)
    home = os.getpid()

    @wraps(function)
    def call(*arrays: Array) -> object:
        if os.getpid() != home:
            return serial(*arrays)
        with _one_caller:
            return parallel(*arrays)

    return cast(Kernel, call)


def _broken(u: Array) -> int:
    """How many columns of ``(3, n)`` hold a number that is not finite."""
    count = 0
    for k in range(u.shape[1]):
        a, b, c = u[0, k], u[1, k], u[2, k]
        count += (a - a) + (b - b) + (c - c) != 0
    return count


def _held(u: Array, start: float, step: float, line: Array, top: float, out: Array) -> None:
    """``u + start + step * line`` held inside the axis; NaN goes to 0, so that no broken displacement reads outside.

    Without branches, so that the compiler makes vector instructions of it (so in all these short loops).
    """
    for k in range(u.size):
        x = np.float64(u[k]) + (start + step * line[k])
        x = x if x > 0.0 else 0.0
        out[k] = x if x < top else top


def _rounded(places: Array, out: Array) -> None:
    for k in range(places.size):
        out[k] = np.int32(np.rint(places[k]))


def _floored(places: Array, last: float, out: Array) -> None:
    """The lower neighbour, at most ``last``; ``places`` becomes the share of the upper one."""
    for k in range(places.size):
        low = np.floor(places[k])
        low = low if low < last else last
        places[k] -= low
        out[k] = np.int32(low)


def _winner(ids: Array, weights: Array) -> Any:
    """The id with the largest summed weight; of equal sums the lowest id."""
    best, best_id = -1.0, ids[0]
    for p in range(8):
        total = 0.0
        for q in range(8):
            if ids[q] == ids[p]:
                total += weights[q]
        if total > _MAJORITY:
            return ids[p]
        if total > best or (total == best and ids[p] < best_id):
            best, best_id = total, ids[p]
    return best_id


broken = compiled(_broken)
held = compiled(_held)
rounded = compiled(_rounded)
floored = compiled(_floored)
winner = compiled(_winner)


def _nearest(labels: Array, u: Array, out: Array) -> int:
    """``out(p) = labels(round(p + u(p)))``, halves to even; returns the number of non-finite
    displacements. ``out`` is on the grid of ``u``, ``labels`` may be on another.
    """
    size, grid, flat = labels.shape, out.shape, labels.reshape(-1)
    sheet, row = np.uint64(size[1] * size[2]), np.uint64(size[2])
    bad = 0
    for i in prange(grid[0]):
        line, places = np.arange(grid[2]).astype(np.float64), np.empty(grid[2])
        index = np.empty((3, grid[2]), np.int32)
        first = index.view(np.uint32)
        for j in range(grid[1]):
            bad += broken(u[:, i, j])
            for axis, (start, step) in enumerate(((float(i), 0.0), (float(j), 0.0), (0.0, 1.0))):
                held(u[axis, i, j], start, step, line, size[axis] - 1.0, places)
                rounded(places, index[axis])
            for k in range(grid[2]):
                place = np.uint64(first[0, k]) * sheet + np.uint64(first[1, k]) * row + np.uint64(first[2, k])
                out[i, j, k] = flat[place]
    return bad


def _vote(labels: Array, u: Array, out: Array) -> int:
    """The id with most linear weight among the 8 voxels around ``p + u(p)``; grids and result as above."""
    size, grid, flat = labels.shape, out.shape, labels.reshape(-1)
    sheet, row = np.uint64(size[1] * size[2]), np.uint64(size[2])
    nothing, one = np.uint64(0), np.uint64(1)
    up = sheet if size[0] > 1 else nothing
    right = row if size[1] > 1 else nothing
    behind = one if size[2] > 1 else nothing
    bad = 0
    for i in prange(grid[0]):
        line, parts = np.arange(grid[2]).astype(np.float64), np.empty((3, grid[2]))
        index = np.empty((3, grid[2]), np.int32)
        first = index.view(np.uint32)
        ids, weights = np.empty(8, labels.dtype), np.empty(8)
        for j in range(grid[1]):
            bad += broken(u[:, i, j])
            for axis, (start, step) in enumerate(((float(i), 0.0), (float(j), 0.0), (0.0, 1.0))):
                top = size[axis] - 1.0
                held(u[axis, i, j], start, step, line, top, parts[axis])
                floored(parts[axis], max(top - 1.0, 0.0), index[axis])
            for k in range(grid[2]):
                a = np.uint64(first[0, k]) * sheet + np.uint64(first[1, k]) * row + np.uint64(first[2, k])
                b, c = a + right, a + up
                d = c + right
                n = flat[a]
                same = n == flat[a + behind] and n == flat[b] and n == flat[b + behind]
                same = (
                    same and n == flat[c] and n == flat[c + behind] and n == flat[d] and n == flat[d + behind]
                )
                if same:  # nearly every voxel of a brain: no weights needed
                    out[i, j, k] = n
                    continue
                ids[0], ids[1], ids[2], ids[3] = n, flat[a + behind], flat[b], flat[b + behind]
                ids[4], ids[5], ids[6], ids[7] = flat[c], flat[c + behind], flat[d], flat[d + behind]
                f, g, h = parts[0, k], parts[1, k], parts[2, k]
                for m in range(8):
                    weights[m] = (f if m & 4 else 1 - f) * (g if m & 2 else 1 - g) * (h if m & 1 else 1 - h)
                out[i, j, k] = winner(ids, weights)
    return bad


def _determinant(u: Array, out: Array) -> None:
    """``det(I + du/dp)``: central differences, one-sided at the border, 0 along an axis of one voxel."""
    rows, columns, slices = out.shape
    for i in prange(rows):
        i0, i1 = max(i - 1, 0), min(i + 1, rows - 1)
        p = 1.0 / max(i1 - i0, 1)
        for j in range(columns):
            j0, j1 = max(j - 1, 0), min(j + 1, columns - 1)
            q = 1.0 / max(j1 - j0, 1)
            for k in range(slices):
                k0, k1 = max(k - 1, 0), min(k + 1, slices - 1)
                r = 1.0 / max(k1 - k0, 1)
                a = 1 + (u[0, i1, j, k] - u[0, i0, j, k]) * p
                b = (u[0, i, j1, k] - u[0, i, j0, k]) * q
                c = (u[0, i, j, k1] - u[0, i, j, k0]) * r
                d = (u[1, i1, j, k] - u[1, i0, j, k]) * p
                e = 1 + (u[1, i, j1, k] - u[1, i, j0, k]) * q
                f = (u[1, i, j, k1] - u[1, i, j, k0]) * r
                g = (u[2, i1, j, k] - u[2, i0, j, k]) * p
                h = (u[2, i, j1, k] - u[2, i, j0, k]) * q
                m = 1 + (u[2, i, j, k1] - u[2, i, j, k0]) * r
                out[i, j, k] = a * (e * m - f * h) - b * (d * m - f * g) + c * (d * h - e * g)


def _joint(predicted: Array, truth: Array, rows: Array, index: Array, parts: Array) -> None:
    """Add to ``parts (P, 2, entries)`` how often each ``rows[predicted] + index[truth]`` occurs, ids clipped to the
    tables. A part counts a stretch of its own, even and odd voxels apart: equal neighbours would wait for each other.
    """
    size, count, top = truth.size, parts.shape[0], index.size - 1
    for p in prange(count):
        for k in range(size * p // count, size * (p + 1) // count):
            a: Any = np.int64(predicted[k])
            b: Any = np.int64(truth[k])
            a, b = a if a > 0 else 0, b if b > 0 else 0
            entry: Any = rows[a if a < top else top] + index[b if b < top else top]
            parts[p, k & 1, entry] += 1


nearest = guarded(_nearest)
joint = guarded(_joint)
vote = guarded(_vote)
determinant = guarded(_determinant)
