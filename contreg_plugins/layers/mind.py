"""MIND-SSC: an image described by how alike its own patches are."""

from itertools import combinations, product

import torch
import torch.nn.functional as F
from torch import Tensor

Shift = tuple[int, ...]


def mind_ssc(image: Tensor, *, radius: int = 1, dilation: int = 2) -> Tensor:
    """The self-similarity context of every voxel (Heinrich et al., MICCAI 2013).

    ``(B, 1, *space)`` -> ``(B, C, *space)`` in (0, 1], C 12 in 3-D and 4 in 2-D: ``exp(-D / V)`` for the pairs of
    neighbours ``dilation`` voxels off along two different axes. ``D`` is the mean squared difference of their patches
    (cubes of ``radius``) less the smallest of the C, ``V`` the mean of the C, held within 1/1000 and 1000 times its
    mean over the image. Law: ``mind_ssc(a I + b) = mind_ssc(I)`` for every ``a`` but 0, also below 0. The image goes
    on beyond its border as the voxels of the border.
    """
    ndim = image.ndim - 2
    near = F.pad(image, [radius + dilation] * (2 * ndim), mode="replicate")
    shifts = [_cut(near, shift, dilation) for shift in neighbours(ndim, dilation)]
    distances = [
        _box_mean((shifts[one] - shifts[other]).square(), radius) for one, other in diagonal_pairs(ndim)
    ]
    stacked = torch.cat(distances, dim=1)
    stacked = stacked - stacked.amin(1, keepdim=True)
    variance = stacked.mean(1, keepdim=True)
    level = variance.mean(tuple(range(1, variance.ndim)), keepdim=True)
    tiny = torch.finfo(image.dtype).tiny  # an image without any structure has level 0
    return torch.exp(-stacked / variance.clamp(level * 1e-3, level * 1e3).clamp(min=tiny))


def neighbours(ndim: int, dilation: int) -> list[Shift]:
    """The ``2 ndim`` voxels at ``dilation`` along one axis."""
    return [
        tuple(sign * dilation * (axis == k) for k in range(ndim))
        for axis, sign in product(range(ndim), (-1, 1))
    ]


def diagonal_pairs(ndim: int) -> list[tuple[int, int]]:
    """Which of the neighbours are compared: every two that lie on different axes."""
    return [(one, other) for one, other in combinations(range(2 * ndim), 2) if one // 2 != other // 2]


def _cut(padded: Tensor, shift: Shift, dilation: int) -> Tensor:
    """The padded image seen from ``shift`` voxels off, ``dilation`` less wide on every side."""
    for axis, step in enumerate(shift, start=2):
        padded = padded.narrow(axis, dilation + step, padded.shape[axis] - 2 * dilation)
    return padded


def _box_mean(values: Tensor, radius: int) -> Tensor:
    """Means over cubes that lie inside: every axis loses ``radius`` on both sides."""
    for axis in range(2, values.ndim):
        size = values.shape[axis] - 2 * radius
        total = values.narrow(axis, 0, size).clone()
        for offset in range(1, 2 * radius + 1):
            total += values.narrow(axis, offset, size)
        values = total
    return values / float((2 * radius + 1) ** (values.ndim - 2))
