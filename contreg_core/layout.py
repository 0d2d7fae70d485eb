"""Memory layout of tensors."""

import torch
from torch import Tensor


def laid_out_like(weight: Tensor, value: Tensor) -> Tensor:
    """A copy of ``value`` in the memory layout of ``weight``, its shape: fused Adam walks both as they lie."""
    return torch.empty_like(weight, dtype=value.dtype, requires_grad=False).copy_(value)
