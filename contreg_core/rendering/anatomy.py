"""A random anatomy: a label map seen through a turn, a change of size and a random diffeomorphism."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial
from contreg_core.rendering.knobs import Rendering

_SCALES = ((40.0, 1.0), (20.0, 0.5), (10.0, 0.2))
"""(mm between two control points, share of the largest velocity)."""
_STEPS = 5
"""Of scaling and squaring, at twice the voxel size, which is finer than the control points by far."""


def displacement(
    space: Sequence[int], spacing: float, knobs: Rendering, rng: np.random.Generator, device: torch.device
) -> Tensor:
    """``(1, ndim, *space)`` in voxels of ``spacing`` mm: ``anatomy(p) = map(p + u(p))``."""
    half = [math.ceil(size / 2) for size in space]
    local = spatial.integrate(_velocity(half, 2 * spacing, knobs, rng, device), _STEPS)
    return spatial.compose(_linear(space, knobs, rng, device), spatial.resize(local, space))


def between(moving: Tensor, fixed: Tensor) -> Tensor:
    """The true displacement from one map through ``moving`` to the same through ``fixed``, in voxels.

    ``moving(p + u(p)) = fixed(p)`` of the anatomies: ``(id + u_moving) o (id + u) = id + u_fixed``.
    """
    points = spatial.identity_grid(fixed.shape[2:], fixed)
    targets = points + fixed
    return spatial.preimages(moving, targets, targets - moving, 30) - points


def _velocity(
    space: Sequence[int], spacing: float, knobs: Rendering, rng: np.random.Generator, device: torch.device
) -> Tensor:
    strength = rng.uniform(0.3, 1.0) * knobs.warp / spacing
    total = torch.zeros(1, len(space), *space, device=device)
    for distance, share in _SCALES:
        nodes = [max(3, math.ceil(size * spacing / distance) + 1) for size in space]
        drawn = torch.from_numpy(rng.standard_normal((1, len(space), *nodes), dtype=np.float32)).to(device)
        total = total + spatial.stretch(share * strength * drawn, space)
    return total


def _linear(
    space: Sequence[int], knobs: Rendering, rng: np.random.Generator, device: torch.device
) -> Tensor:
    """Of a turn and a change of size about the middle of the grid."""
    ndim = len(space)
    matrix = np.diag(rng.uniform(1 - knobs.stretch, 1 + knobs.stretch, ndim))
    for first in range(ndim):
        for second in range(first + 1, ndim):
            angle = math.radians(rng.uniform(-knobs.turn, knobs.turn))
            turned = np.eye(ndim)
            places = np.ix_((first, second), (first, second))
            turned[places] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
            matrix = matrix @ turned
    change = torch.from_numpy((matrix - np.eye(ndim)).astype(np.float32)).to(device)
    centre = torch.tensor([(size - 1) / 2 for size in space], device=device)
    points = spatial.identity_grid(space, change)[0] - centre.reshape(-1, *[1] * ndim)
    return torch.tensordot(change, points, dims=1)[None]


def smooth_field(space: Sequence[int], nodes: int, rng: np.random.Generator, device: torch.device) -> Tensor:
    """``(1, 1, *space)``: standard normal values at ``nodes`` points along every axis, linear between them."""
    drawn = torch.from_numpy(rng.standard_normal((1, 1, *[nodes] * len(space)), dtype=np.float32)).to(device)
    mode = "trilinear" if len(space) == 3 else "bilinear"
    return F.interpolate(drawn, size=tuple(space), mode=mode, align_corners=True)
