"""One step of scaling and squaring, ``v <- v + v(p + v)``, and its adjoint; fields are ``(B, D, H, W, 3)``.

The three components of a voxel lie side by side, so that one read of memory brings them all.
"""

from typing import Any, TypeAlias

from numpy.typing import NDArray

from contreg_core.kernels.loops.machine import compiled
from contreg_core.kernels.loops.sampling import inside

Array: TypeAlias = NDArray[Any]


@compiled
def square(start: int, stop: int, v: Array, out: Array) -> None:
    """``out(p) = v(p) + v(p + v(p))`` of rows ``start`` to ``stop`` of the ``B * D`` slices."""
    real = v.dtype.type
    one, rows, columns, width = real(1), v.shape[1], v.shape[2], v.shape[3]
    far, high, wide = real(rows - 1), real(columns - 1), real(width - 1)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(columns):
            for k in range(width):
                x, y, z = v[n, i, j, k, 0], v[n, i, j, k, 1], v[n, i, j, k, 2]
                a, b, p, q, _, _ = inside(real(i) + x, far, one)
                c, d, r, s, _, _ = inside(real(j) + y, high, one)
                e, f, t, u, _, _ = inside(real(k) + z, wide, one)
                for corner in range(4):
                    g, weight = (b, q) if corner & 2 else (a, p)
                    h, other = (d, s) if corner & 1 else (c, r)
                    left, right = weight * other * t, weight * other * u
                    x += left * v[n, g, h, e, 0] + right * v[n, g, h, f, 0]
                    y += left * v[n, g, h, e, 1] + right * v[n, g, h, f, 1]
                    z += left * v[n, g, h, e, 2] + right * v[n, g, h, f, 2]
                out[n, i, j, k, 0], out[n, i, j, k, 1], out[n, i, j, k, 2] = x, y, z


@compiled
def square_adjoint(start: int, stop: int, v: Array, gradient: Array, out: Array) -> None:
    """Add to ``out`` the gradient for ``v``, from those rows of ``gradient``. It writes rows outside its own."""
    real = v.dtype.type
    one, rows, columns, width = real(1), v.shape[1], v.shape[2], v.shape[3]
    far, high, wide = real(rows - 1), real(columns - 1), real(width - 1)
    for row in range(start, stop):
        n, i = row // rows, row % rows
        for j in range(columns):
            for k in range(width):
                a, b, p, q, pp, qq = inside(real(i) + v[n, i, j, k, 0], far, one)
                c, d, r, s, rr, ss = inside(real(j) + v[n, i, j, k, 1], high, one)
                e, f, t, u, tt, uu = inside(real(k) + v[n, i, j, k, 2], wide, one)
                gx, gy, gz = gradient[n, i, j, k, 0], gradient[n, i, j, k, 1], gradient[n, i, j, k, 2]
                x, y, z = gx, gy, gz
                for corner in range(4):
                    g, w, ww = (b, q, qq) if corner & 2 else (a, p, pp)
                    h, o, oo = (d, s, ss) if corner & 1 else (c, r, rr)
                    left = gx * v[n, g, h, e, 0] + gy * v[n, g, h, e, 1] + gz * v[n, g, h, e, 2]
                    right = gx * v[n, g, h, f, 0] + gy * v[n, g, h, f, 1] + gz * v[n, g, h, f, 2]
                    both = t * left + u * right
                    x += ww * o * both
                    y += w * oo * both
                    z += w * o * (tt * left + uu * right)
                    one_side, other_side = w * o * t, w * o * u
                    out[n, g, h, e, 0] += one_side * gx
                    out[n, g, h, e, 1] += one_side * gy
                    out[n, g, h, e, 2] += one_side * gz
                    out[n, g, h, f, 0] += other_side * gx
                    out[n, g, h, f, 1] += other_side * gy
                    out[n, g, h, f, 2] += other_side * gz
                out[n, i, j, k, 0] += x
                out[n, i, j, k, 1] += y
                out[n, i, j, k, 2] += z
