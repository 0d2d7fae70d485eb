"""What a scanner and a person's pipeline make of an anatomy: contrast, artefacts, mask, range of intensities."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.preprocessing.intensity import ROBUST_PERCENTILES
from contreg_core.rendering.anatomy import smooth_field
from contreg_core.rendering.knobs import Rendering
from contreg_core.rendering.maps import Regions


def alike(regions: Regions, knobs: Rendering, rng: np.random.Generator) -> Tensor:
    """A value of every label number, about those of the cohort's images."""
    drawn = rng.normal(0, knobs.jitter, len(regions.names))[regions.region]
    values = np.clip(regions.clean + drawn + rng.normal(0, knobs.jitter / 4, len(drawn)), 0.02, None)
    return _table(values ** math.exp(rng.normal(0, 0.2)))


def mixed(regions: Regions, rng: np.random.Generator) -> Tensor:
    """A value of every label number: any for a region, with small differences inside it."""
    drawn = rng.uniform(0.05, 1, len(regions.names))[regions.region]
    return _table(np.clip(drawn + rng.normal(0, 0.05, len(drawn)), 0.02, None))


def _table(values: np.ndarray) -> Tensor:
    values[0] = 0
    return torch.from_numpy(values.astype(np.float32))


def scanned(image: Tensor, inside: Tensor, knobs: Rendering, rng: np.random.Generator) -> Tensor:
    """``(1, 1, *space)`` with texture, blur, slices, bias and noise; 0 outside ``inside``, percentiles at 0 and 1."""
    space, device = image.shape[2:], image.device
    image = image * (1 + rng.uniform(0, 0.08) * smooth_field(space, 24, rng, device))
    image = blurred(image, rng.uniform(0, knobs.blur))
    if rng.random() < knobs.slices:
        image = thick(image, 2 + int(rng.integers(0, len(space))), int(rng.integers(2, 5)))
    image = image * torch.exp(rng.uniform(0, knobs.bias) * smooth_field(space, int(rng.integers(3, 6)), rng, device))
    noise = torch.from_numpy(rng.standard_normal(image.shape, dtype=np.float32)).to(device)
    image = (image + knobs.noise * rng.uniform() ** 2 * noise).clamp(min=0)
    return standardised(image, inside)


def standardised(image: Tensor, inside: Tensor) -> Tensor:
    """As preprocessing with intensity "robust" does; percentiles of every fourth voxel."""
    values = image[inside][::4]
    if not len(values):
        return torch.zeros_like(image)
    levels = torch.tensor([level / 100 for level in ROBUST_PERCENTILES], device=image.device)
    low, high = torch.quantile(values, levels).unbind()
    return torch.where(inside, ((image - low) / (high - low).clamp(min=1e-3)).clamp(0, 1), 0.0)


def blurred(image: Tensor, sigma: float) -> Tensor:
    """Gaussian of 5 voxels along every axis."""
    weights = torch.exp(-torch.arange(-2, 3).float().square() / (2 * max(sigma, 0.1) ** 2)).to(image)
    weights = weights / weights.sum()
    for axis in range(2, image.ndim):
        padded = torch.cat([image.narrow(axis, 0, 1)] * 2 + [image] + [image.narrow(axis, image.shape[axis] - 1, 1)] * 2, axis)
        image = sum(
            (weights[k] * padded.narrow(axis, k, image.shape[axis]) for k in range(5)), start=0 * image
        )
    return image


def thick(image: Tensor, axis: int, count: int) -> Tensor:
    """Slices of ``count`` voxels along ``axis``, read again at every voxel by linear interpolation."""
    space = list(image.shape[2:])
    few = list(space)
    few[axis - 2] = max(2, round(space[axis - 2] / count))
    mode = "trilinear" if len(space) == 3 else "bilinear"
    small = F.adaptive_avg_pool3d(image, few) if len(space) == 3 else F.adaptive_avg_pool2d(image, few)
    return F.interpolate(small, size=space, mode=mode, align_corners=False)


def masked(tight: Tensor, full: Tensor, rng: np.random.Generator) -> Tensor:
    """A brain mask ``(1, 1, *space)`` from the shares of tissue and of all labels: tight, full, or a smooth hull."""
    kind = rng.random()
    if kind < 0.3:
        return tight > 0.5
    if kind < 0.5:
        return full > 0.5
    pool = F.avg_pool3d if tight.ndim == 5 else F.avg_pool2d
    smooth = pool(tight, 5, stride=1, padding=2)
    level = rng.uniform(0.15, 0.5) + 0.08 * smooth_field(tight.shape[2:], 10, rng, tight.device)
    return (smooth > level) & (full > 0.3)
