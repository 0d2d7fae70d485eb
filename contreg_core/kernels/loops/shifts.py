"""Products of two maps of many channels over small shifts, and their adjoints; maps are ``(B, *space, C)``."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled, in_parts

Array: TypeAlias = NDArray[Any]


@compiled
def correlate(start: int, stop: int, moving: Array, fixed: Array, radius: int, out: Array) -> None:
    """``out (B, *space, shifts)`` of rows ``start`` to ``stop`` of the ``B * space[0]`` slices: means over channels."""
    rows, edge, count = fixed.shape[1], 2 * radius + 1, fixed.dtype.type(fixed.shape[4])
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(fixed.shape[2]):
            for k in range(fixed.shape[3]):
                for s in range(edge**3):
                    x, y, z = beside(i, j, k, s, radius, 1)
                    value = count - count
                    if inside(x, y, z, fixed.shape):
                        value = dot(moving[n, x, y, z], fixed[n, i, j, k]) / count
                    out[n, i, j, k, s] = value


@compiled
def spread(start: int, stop: int, other: Array, gradient: Array, radius: int, sign: int, out: Array) -> None:
    """The gradient for one map: of the fixed one with ``sign`` 1, of the moving one with -1; ``other`` is the other."""
    rows, edge, count = out.shape[1], 2 * radius + 1, out.dtype.type(out.shape[4])
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(out.shape[2]):
            for k in range(out.shape[3]):
                out[n, i, j, k] = count - count
                for s in range(edge**3):
                    x, y, z = beside(i, j, k, s, radius, sign)
                    if inside(x, y, z, out.shape):
                        at = gradient[n, i, j, k, s] if sign > 0 else gradient[n, x, y, z, s]
                        add(other[n, x, y, z], at / count, out[n, i, j, k])


@compiled
def beside(i: int, j: int, k: int, s: int, radius: int, sign: int) -> Any:
    """The voxel that shift number ``s`` (axis order) leads to, or comes from."""
    edge = 2 * radius + 1
    x, y, z = s // (edge * edge), s // edge % edge, s % edge
    return i + sign * (x - radius), j + sign * (y - radius), k + sign * (z - radius)


@compiled
def inside(x: int, y: int, z: int, shape: Any) -> bool:
    """Whether there is such a voxel."""
    return bool(0 <= x < shape[1] and 0 <= y < shape[2] and 0 <= z < shape[3])


@in_parts
def dot(one: Array, other: Array) -> Any:
    """The sum over channels of products."""
    total = one.dtype.type(0)
    for m in range(one.size):
        total += one[m] * other[m]
    return total


@compiled
def add(values: Array, weight: Any, sums: Array) -> None:
    """``sums += weight * values``."""
    for m in range(sums.size):
        sums[m] += weight * values[m]
