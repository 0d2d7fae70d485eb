"""Where local correlation would have a moving image move: what a step of descent knows, as features."""

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import kernels

_FLAT = 1e-3
"""Added to local variances of images in [0, 1]: a window as flat as noise (0.03) gives no direction."""
_RESTRAINT = 0.05
"""Of the squared norm: where neither image has an edge the force fades instead of growing."""


class CorrelationForce:
    """``CorrelationForce(fixed, window)(moving)``: what is to know of ``fixed`` is found once for many ``moving``.

    ``(B, 1, *space)`` twice -> ``(B, 2 ndim + 1, *space)``: a step in voxels, the moving image's slope, mismatch. With
    both images standardised over cubes of ``window`` voxels, to ``m`` and ``f`` of correlation ``r``, the ascent of the
    local correlation at the window's centre goes along ``d g``: the mismatch ``d = f - r m`` is what the moving image
    does not explain, ``g`` its slope over its local deviation (Avants et al. 2008). The step is
    ``d g / (|g|^2 + d^2 / 4 + c)``, at most about a voxel, as in demons (Thirion 1998; Vercauteren et al. 2009).
    """

    def __init__(self, fixed: Tensor, window: int) -> None:
        self.fixed = fixed.float()
        self.window = window
        self.count = kernels.box_sum(torch.ones_like(self.fixed[:1]), window)
        self.mean, square = self._means(self.fixed, self.fixed.square())
        self.deviation = _deviation(self.mean, square)
        self.standard = (self.fixed - self.mean) / self.deviation

    def __call__(self, moving: Tensor) -> Tensor:
        """The moving image as it lies by now -> its force."""
        moving = moving.float()
        mean, square, product = self._means(moving, moving.square(), moving * self.fixed)
        deviation = _deviation(mean, square)
        correlation = (product - mean * self.mean) / (deviation * self.deviation)
        mismatch = self.standard - correlation * (moving - mean) / deviation
        slope = _slope(moving) / deviation
        norm = slope.square().sum(1, keepdim=True) + mismatch.square() / 4 + _RESTRAINT
        return torch.cat((mismatch * slope / norm, slope, mismatch), dim=1)

    def _means(self, *images: Tensor) -> tuple[Tensor, ...]:
        sums = kernels.box_sum(torch.cat(images, dim=1), self.window)
        return (sums / self.count).chunk(len(images), dim=1)


def laplacian(field: Tensor) -> Tensor:
    """Sum of the neighbours' differences, ``(B, C, *space)`` -> same: the descent of a penalty on the gradient."""
    sides = (_sides(field, axis) for axis in range(2, field.ndim))
    return torch.stack([ahead - behind for ahead, behind in sides]).sum(0)


def _deviation(mean: Tensor, square: Tensor) -> Tensor:
    return ((square - mean.square()).clamp_min(0) + _FLAT).sqrt()


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
