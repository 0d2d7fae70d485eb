"""Small tensors that are the same at every step, made once: to copy numbers to a GPU is to wait for it."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def constant(values: Sequence[float], like: Tensor, shape: Sequence[int] = (-1,)) -> Tensor:
    """``values`` as a tensor of ``shape`` with the dtype and device of ``like``; shared, so nobody may change it."""
    return _constant(tuple(values), like.dtype, like.device).view(tuple(shape))


def along_axes(values: Sequence[float], like: Tensor) -> Tensor:
    """A number for each axis, to be multiplied with displacements ``(B, ndim, *space)``: ``(1, ndim, 1, 1, ...)``."""
    return constant(values, like, (1, -1, *[1] * (like.ndim - 2)))


@lru_cache(maxsize=256)
def _constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # else it could not take part in a training step later
        return torch.tensor(values, dtype=dtype, device=device)
