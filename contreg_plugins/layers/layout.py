"""How features lie in memory: 3-D convolutions read them fastest channels last."""

import torch
from torch import Tensor


def channels_last(values: Tensor) -> Tensor:
    """``(B, C, *space)`` as it was, laid out for the convolution that comes next.

    A norm leaves its own layout, and what is concatenated of parts in different ones is turned about as a whole.
    """
    return values.contiguous(memory_format=torch.channels_last_3d) if values.ndim == 5 else values
