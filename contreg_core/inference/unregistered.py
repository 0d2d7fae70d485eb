"""No registration at all: the row every other row is compared with, and the answer where nothing fits."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from contreg_core.types import Registration


def identity(moving: NDArray[np.float32], fixed: NDArray[np.float32]) -> "Registration":
    """The moving image as it is, on the fixed grid: a displacement of 0."""
    import torch

    from contreg_core.types import Encoding, Field, Pair, Registration

    pair = Pair(torch.from_numpy(moving)[None, None], torch.from_numpy(fixed)[None, None])
    zero = torch.zeros(1, fixed.ndim, *fixed.shape)
    return Registration(pair, Encoding(()), Field(zero), zero, zero, pair.moving)
