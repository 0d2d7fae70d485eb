"""Where local correlation would have a moving image move: what a step of descent knows, as features."""

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import kernels

_FLAT = 1e-3
"""Added to local variances of images in [0, 1]: a window as flat as noise (0.03) gives no direction."""
_RESTRAINT = 0.05
"""Of the squared norm: where neither image has an edge the force fades instead of growing."""


def correlation_force(moving: Tensor, fixed: Tensor, window: int) -> Tensor:
    """``(B, 1, *space)`` twice -> ``(B, 2 ndim + 1, *space)``: a step in voxels, the moving image's slope, mismatch.

    With both images standardised over cubes of ``window`` voxels, to ``m`` and ``f`` of correlation ``r``, the ascent
    of the local correlation at the window's centre goes along ``d g``: the mismatch ``d = f - r m`` is what the moving
    image does not explain, ``g`` its slope over its local deviation (Avants et al. 2008). The step is
    ``d g / (|g|^2 + d^2 / 4 + c)``, at most about a voxel, as in demons (Thirion 1998; Vercauteren et al. 2009).
    """
    moving, fixed = moving.float(), fixed.float()
    mean_m, mean_f, square_m, square_f, product = _means(
        torch.cat((moving, fixed, moving.square(), fixed.square(), moving * fixed), dim=1), window
    ).chunk(5, dim=1)
    deviation_m = ((square_m - mean_m.square()).clamp_min(0) + _FLAT).sqrt()
    deviation_f = ((square_f - mean_f.square()).clamp_min(0) + _FLAT).sqrt()
    correlation = (product - mean_m * mean_f) / (deviation_m * deviation_f)
    mismatch = (fixed - mean_f) / deviation_f - correlation * (moving - mean_m) / deviation_m
    slope = _slope(moving) / deviation_m
    norm = slope.square().sum(1, keepdim=True) + mismatch.square() / 4 + _RESTRAINT
    return torch.cat((mismatch * slope / norm, slope, mismatch), dim=1)


def laplacian(field: Tensor) -> Tensor:
    """Sum of the neighbours' differences, ``(B, C, *space)`` -> same: the descent of a penalty on the gradient."""
    sides = (_sides(field, axis) for axis in range(2, field.ndim))
    return torch.stack([ahead - behind for ahead, behind in sides]).sum(0)


def _means(images: Tensor, window: int) -> Tensor:
    return kernels.box_sum(images, window) / kernels.box_sum(torch.ones_like(images[:1, :1]), window)


def _slope(image: Tensor) -> Tensor:
    """Half the difference of both neighbours along every axis; nothing changes beyond the border."""
    sides = (_sides(image, axis) for axis in range(2, image.ndim))
    return torch.cat([(ahead + behind) / 2 for ahead, behind in sides], dim=1)


def _sides(values: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """What is gained to the next voxel and from the one before, 0 at the border; repeatable on a GPU, as padding by the
    border's value is not.
    """
    gains = values.diff(dim=axis)
    before = [0] * (2 * (values.ndim - axis - 1))
    return F.pad(gains, [*before, 0, 1]), F.pad(gains, [*before, 1, 0])
