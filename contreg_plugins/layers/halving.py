"""Images at half the resolution, as image pyramids have them."""

import torch.nn.functional as F
from torch import Tensor

from contreg_core.kernels import repeatable


def halved(image: Tensor) -> Tensor:
    """``(B, C, *space)`` -> half of every axis (rounded up): means of 3 voxels an axis, those outside left out."""
    if repeatable.wanted():
        return repeatable.halved(image)
    pool = F.avg_pool3d if image.ndim == 5 else F.avg_pool2d
    return pool(image, 3, stride=2, padding=1, count_include_pad=False)
