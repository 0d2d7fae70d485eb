"""Reading and writing bfloat16 in loops: numba has no such type, so numbers come as their bits.

Bits of bfloat16 (``uint16``, ``shift`` 16) are the upper half of float32's; those of float32 (``uint32``, ``shift`` 0)
go through the same code.
"""

from typing import Any

import numpy as np

from contreg_core.kernels.loops.machine import compiled


@compiled
def wide(bits: Any, shift: Any) -> Any:
    """The float32 that ``bits`` stand for."""
    return np.uint32(np.uint32(bits) << shift).view(np.float32)


@compiled
def narrow(value: Any, shift: Any) -> Any:
    """The bits of a float32, rounded to the nearest with ties to even; NaN stays NaN."""
    bits = np.float32(value).view(np.uint32)
    odd = np.uint32((bits >> np.uint32(16)) & (shift >> np.uint32(4)))
    half = np.uint32((np.uint32(0x7FFF) * shift) >> np.uint32(4))
    rounded = np.uint32(np.uint32(bits + half + odd) >> shift)
    return rounded if value == value else np.uint32(np.uint32(0x7FC00000) >> shift)
