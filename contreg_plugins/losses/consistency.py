"""How far a network's two answers, for a pair and for the pair swapped, are from inverse maps."""

from collections.abc import Sequence

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Registration


def jittered(space: Sequence[int], like: Tensor, stride: int) -> Tensor:
    """Every ``stride``-th voxel's coordinates, each moved at random within its cell, ``(B, ndim, *space/stride)``."""
    ndim = len(space)
    points = spatial.identity_grid(space, like)[(..., *(slice(None, None, stride),) * ndim)]
    noise = torch.rand((len(like), *points.shape[1:]), dtype=like.dtype, device=like.device)
    last = like.new_tensor([size - 1 for size in space]).view(1, -1, *([1] * ndim))
    return torch.minimum(points + stride * noise, last)


def deviation(registration: Registration, points: Tensor) -> Tensor:
    """``E(p) = p - phi(psi(p))`` at ``(B, ndim, *any)`` voxel coordinates: phi the pair's map, psi the swapped one's."""
    assert registration.swapped is not None, "the model gives 'swapped' where a loss needs it"
    back = points + spatial.sample(registration.swapped.displacement, points)
    return points - back - spatial.sample(registration.displacement, back)
