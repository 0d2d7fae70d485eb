"""Correlation of two feature maps over small shifts."""

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import kernels


def local_correlation(moving: Tensor, fixed: Tensor, radius: int) -> Tensor:
    """Mean over channels of ``fixed(p) * moving(p + d)`` for all integer ``|d_k| <= radius``.

    ``(B, C, *space)`` twice -> ``(B, (2 radius + 1)^ndim, *space)``, shifts in axis order, zeros outside (the cost
    volume of PWC-Net, Sun et al. 2018).
    """
    if kernels.correlates(moving, fixed):
        return kernels.correlated(moving, fixed, radius)
    space = fixed.shape[2:]
    padded = F.pad(moving, [radius] * (2 * len(space)))
    return (_at_once if fixed.is_cuda else _in_turn)(padded, fixed, radius)


def _at_once(padded: Tensor, fixed: Tensor, radius: int) -> Tensor:
    """All shifts in one product: few large kernels, where each of many small ones has to be started."""
    ndim = fixed.ndim - 2
    for axis in range(2, ndim + 2):
        padded = padded.unfold(axis, 2 * radius + 1, 1)
    shifted = (padded * fixed[(..., *[None] * ndim)]).mean(1)
    return shifted.flatten(1 + ndim).movedim(-1, 1)


def _in_turn(padded: Tensor, fixed: Tensor, radius: int) -> Tensor:
    """A shift at a time, which a cache holds."""
    space, maps = fixed.shape[2:], []
    for shift in product(range(2 * radius + 1), repeat=len(space)):
        part = padded
        for axis, (start, size) in enumerate(zip(shift, space, strict=True), start=2):
            part = part.narrow(axis, start, size)
        maps.append((part * fixed).mean(1))
    return torch.stack(maps, dim=1)
