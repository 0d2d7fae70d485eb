"""The points that a displacement leads to given places, on the CPU; without gradients."""

import torch
from torch import Tensor

from contreg_core.kernels.fit import array, fits, in_space, three_components

_ENOUGH = 1e-12
"""Squared voxels: a millionth of a voxel, less than float32 tells apart on any grid."""


def searches(displacement: Tensor, targets: Tensor, start: Tensor) -> bool:
    """True where ``searched`` may be called: the loops trust the shapes they are given, and know no gradient."""
    ndim = displacement.ndim - 2
    grids = ndim in (2, 3) and displacement.shape[1] == ndim
    alike = targets.shape == start.shape and targets.shape[:2] == displacement.shape[:2]
    learning = torch.is_grad_enabled() and any(one.requires_grad for one in (displacement, targets, start))
    return (
        grids
        and alike
        and targets.ndim == displacement.ndim
        and not learning
        and fits(displacement, targets, start)
    )


def searched(displacement: Tensor, targets: Tensor, start: Tensor, iterations: int) -> Tensor:
    """``contreg_core.spatial.preimages``: ``(B, ndim, *space)``, ``(B, ndim, *out)`` twice -> ``(B, ndim, *out)``."""
    from contreg_core.kernels.loops import machine, preimages

    field = three_components(displacement).movedim(1, -1).contiguous()
    found = three_components(start).contiguous().clone()
    rows, work = found.shape[0] * found.shape[2], found[:, 0].numel()
    size = tuple(in_space(displacement).shape[2:])
    goals = array(three_components(targets))
    machine.share(preimages.search, rows, work, array(field), size, goals, iterations, _ENOUGH, array(found))
    return found if displacement.ndim == 5 else found[:, 1:, 0]
