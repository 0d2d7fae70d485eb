"""Maps whose channels lie together at each voxel, as the loops see them: ``(B, *space, C)`` of bits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contreg_core.kernels.fit import plain

_BITS = {torch.bfloat16: (torch.int16, np.uint16, 16), torch.float32: (torch.int32, np.uint32, 0)}


def takes(*maps: Tensor) -> bool:
    """True for plain 3-D maps on the CPU, all bfloat16 or all float32, outside ``torch.compile``."""
    kind = maps[0].dtype
    return (
        kind in _BITS
        and all(plain(one) and one.dtype == kind and one.ndim == 5 for one in maps)
        and not torch.compiler.is_compiling()
    )


def last(maps: Tensor) -> Tensor:
    """The same, channels last in memory."""
    return maps.contiguous(memory_format=torch.channels_last_3d)


def empty(like: Tensor, space: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
    """``(B, C, *space)`` of as many pairs and channels, channels last in memory."""
    rows = torch.empty((like.shape[0], *space, like.shape[1]), dtype=dtype or like.dtype)
    return rows.movedim(-1, 1)


def bits(maps: Tensor) -> NDArray[Any]:
    """``(B, C, *space)``, channels last in memory -> ``(B, *space, C)``, the same memory."""
    own, kind, _ = _BITS[maps.dtype]
    return maps.detach().movedim(1, -1).view(own).numpy().view(kind)


def shift(maps: Tensor) -> np.uint32:
    """How far ``bits`` must be moved up to be float32's."""
    return np.uint32(_BITS[maps.dtype][2])
