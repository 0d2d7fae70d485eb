"""Coarse to fine: halved images, and what was found carried to the next grid.

Grids have ``n`` and ``2 n - 1`` voxels, so every second voxel of the finer one is a voxel of the coarser one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial

MOMENTUM = 4.0
"""A momentum on voxels half as large: velocities are twice as many of them, and the image's slopes are halved."""
DISPLACEMENT = 2.0
"""A displacement on voxels half as large."""


def grown(image: Tensor, shrink: int) -> Tensor:
    """``image`` with every axis grown at its high end, by its edge, to one more than a multiple of ``shrink``."""
    missing = [(1 - size) % shrink for size in image.shape[2:]]
    amounts = [amount for size in reversed(missing) for amount in (0, size)]
    return F.pad(image, amounts, mode="replicate")


def shrunk(image: Tensor, shrink: int) -> Tensor:
    """``image`` halved until its voxels are ``shrink``, a power of two, times as large."""
    return image if shrink == 1 else shrunk(_halved(image), shrink // 2)


def doubled(values: Tensor, factor: float) -> Tensor:
    """``values`` on the grid of twice the resolution, linear, times ``factor``: ``MOMENTUM`` or ``DISPLACEMENT``."""
    space = [2 * size - 1 for size in values.shape[2:]]
    return factor * spatial.stretch(values, space)


def _halved(image: Tensor) -> Tensor:
    """Smoothed by (1 2 1) / 4 along each axis, then every second voxel."""
    for axis in range(2, image.ndim):
        size = image.shape[axis]
        first, last = image.narrow(axis, 0, 1), image.narrow(axis, size - 1, 1)
        padded = torch.cat([first, image, last], dim=axis)
        smooth = (padded.narrow(axis, 0, size) + 2 * image + padded.narrow(axis, 2, size)) / 4
        image = smooth[(slice(None),) * axis + (slice(None, None, 2),)]
    return image
