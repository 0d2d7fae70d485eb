"""Tensors that are the same at every step, made once: to copy numbers to a GPU is to wait for it."""

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import ParamSpec, cast

import torch
from torch import Tensor

P = ParamSpec("P")


def kept(count: int) -> Callable[[Callable[P, Tensor]], Callable[P, Tensor]]:
    """For functions of hashable arguments that make a tensor: the last ``count`` are kept, and shared, so nobody may
    change them. Where ``torch.compile`` looks they are made anew: it sees no caches.
    """

    def keeping(made: Callable[P, Tensor]) -> Callable[P, Tensor]:
        def timeless(*arguments: P.args, **named: P.kwargs) -> Tensor:
            with torch.inference_mode(False):  # else it could not take part in a training step later
                return made(*arguments, **named)

        once = cast(Callable[P, Tensor], lru_cache(maxsize=count)(timeless))

        @wraps(made)
        def either(*arguments: P.args, **named: P.kwargs) -> Tensor:
            return (made if torch.compiler.is_compiling() else once)(*arguments, **named)

        return either

    return keeping


def constant(values: Sequence[float], like: Tensor, shape: Sequence[int] = (-1,)) -> Tensor:
    """``values`` as a tensor of ``shape`` with the dtype and device of ``like``; shared, so nobody may change it."""
    return _constant(tuple(values), like.dtype, like.device).view(tuple(shape))


def along_axes(values: Sequence[float], like: Tensor) -> Tensor:
    """A number for each axis, to be multiplied with displacements ``(B, ndim, *space)``: ``(1, ndim, 1, 1, ...)``."""
    return constant(values, like, (1, -1, *[1] * (like.ndim - 2)))


@kept(256)
def _constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=dtype, device=device)
