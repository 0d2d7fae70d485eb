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


def _clamped(index: int, shift: float, size: int) -> float:
    """``index + shift`` held inside the axis; NaN goes to 0, so that no broken displacement reads outside."""
    coordinate = index + np.float64(shift)
    if not coordinate > 0.0:
        return 0.0
    return min(coordinate, size - 1.0)


def _broken(u: Array, i: int, j: int, k: int) -> bool:
    return not (np.isfinite(u[0, i, j, k]) and np.isfinite(u[1, i, j, k]) and np.isfinite(u[2, i, j, k]))


def _winner(ids: Array, weights: Array) -> Any:
    """The id with the largest summed weight; of equal sums the lowest id."""
    best, best_id = -1.0, ids[0]
    for p in range(8):
        total = 0.0
        for q in range(8):
            if ids[q] == ids[p]:
                total += weights[q]
        if total > best or (total == best and ids[p] < best_id):
            best, best_id = total, ids[p]
    return best_id


clamped = compiled(_clamped)
broken = compiled(_broken)
winner = compiled(_winner)


def _nearest(labels: Array, u: Array, out: Array) -> int:
    """``out(p) = labels(round(p + u(p)))``, halves to even; returns the number of non-finite
    displacements.
    """
    rows, columns, slices = labels.shape
    bad = 0
    for i in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                bad += broken(u, i, j, k)
                a = int(np.rint(clamped(i, u[0, i, j, k], rows)))
                b = int(np.rint(clamped(j, u[1, i, j, k], columns)))
                c = int(np.rint(clamped(k, u[2, i, j, k], slices)))
                out[i, j, k] = labels[a, b, c]
    return bad


def _vote(labels: Array, u: Array, out: Array) -> int:
    """The id with most linear weight among the 8 voxels around ``p + u(p)``; returns the non-finite count."""
    rows, columns, slices = labels.shape
    bad = 0
    for i in prange(out.shape[0]):
        ids, weights = np.empty(8, labels.dtype), np.empty(8)
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                bad += broken(u, i, j, k)
                x = clamped(i, u[0, i, j, k], rows)
                y = clamped(j, u[1, i, j, k], columns)
                z = clamped(k, u[2, i, j, k], slices)
                a, b, c = int(x), int(y), int(z)
                above, right, behind = min(a + 1, rows - 1), min(b + 1, columns - 1), min(c + 1, slices - 1)
                same = True
                for n in range(8):
                    ids[n] = labels[above if n & 4 else a, right if n & 2 else b, behind if n & 1 else c]
                    same &= ids[n] == ids[0]
                if same:  # nearly every voxel of a brain: no weights needed
                    out[i, j, k] = ids[0]
                    continue
                f, g, h = x - a, y - b, z - c
                for n in range(8):
                    weights[n] = (f if n & 4 else 1 - f) * (g if n & 2 else 1 - g) * (h if n & 1 else 1 - h)
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


nearest = guarded(_nearest)
vote = guarded(_vote)
determinant = guarded(_determinant)
