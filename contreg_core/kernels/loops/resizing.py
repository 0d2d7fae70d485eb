"""Linear interpolation along one axis of ``(O, n, I)``, and its adjoint.

A unit of work is one of the ``O`` outer places and one of ``blocks`` pieces of the ``I`` inner ones.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled

Array: TypeAlias = NDArray[Any]


@compiled
def mix(a: Array, b: Array, part: Any, out: Array) -> None:
    """``out = (1 - part) a + part b``."""
    rest = out.dtype.type(1) - part
    for i in range(out.size):
        out[i] = rest * a[i] + part * b[i]


@compiled
def deal(values: Array, part: Any, out: Array) -> None:
    """``out += part * values``."""
    for i in range(out.size):
        out[i] += part * values[i]


@compiled
def stretch(start: int, stop: int, blocks: int, values: Array, low: Array, part: Array, out: Array) -> None:
    """``out[:, j] = (1 - part[j]) values[:, low[j]] + part[j] values[:, low[j] + 1]``."""
    inner, last = values.shape[2], np.uint64(values.shape[1] - 1)
    one = out.dtype.type(1)
    for unit in range(start, stop):
        o, block = unit // blocks, unit % blocks
        first, end = inner * block // blocks, inner * (block + 1) // blocks
        for j in range(out.shape[1]):
            a = low[j]
            b = min(a + np.uint64(1), last)
            if inner == 1:
                out[o, j, 0] = (one - part[j]) * values[o, a, 0] + part[j] * values[o, b, 0]
            else:
                mix(values[o, a, first:end], values[o, b, first:end], part[j], out[o, j, first:end])


@compiled
def gather(start: int, stop: int, blocks: int, values: Array, low: Array, part: Array, out: Array) -> None:
    """The adjoint, added to ``out`` ``(O, n, I)`` from ``values`` ``(O, m, I)``."""
    inner, last = values.shape[2], np.uint64(out.shape[1] - 1)
    one = out.dtype.type(1)
    for unit in range(start, stop):
        o, block = unit // blocks, unit % blocks
        first, end = inner * block // blocks, inner * (block + 1) // blocks
        for j in range(values.shape[1]):
            a = low[j]
            b = min(a + np.uint64(1), last)
            if inner == 1:
                out[o, a, 0] += (one - part[j]) * values[o, j, 0]
                out[o, b, 0] += part[j] * values[o, j, 0]
            else:
                deal(values[o, j, first:end], one - part[j], out[o, a, first:end])
                deal(values[o, j, first:end], part[j], out[o, b, first:end])
