"""Random changes of a pair, on the device: one geometry for both images, intensities each for itself.

Every change is a function of the generator it is given, so that a pair's augmentation depends on (seed, epoch, item)
alone.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial
from contreg_core.scheme import Augmentation


def augment(
    moving: Tensor, fixed: Tensor, mask: Tensor, scheme: Augmentation, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """``(1, 1, *space)`` three times -> the same, changed; the mask stays boolean."""
    stack = torch.cat((moving, fixed, mask.to(fixed.dtype)), dim=1)
    stack = _crop(_rotate(_flip(stack, scheme, rng), scheme, rng), scheme, rng)
    moving, fixed, mask = (part.contiguous() for part in stack.split(1, dim=1))
    return _intensity(moving, scheme, rng), _intensity(fixed, scheme, rng), mask > 0.5


def _flip(stack: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor:
    if scheme.flip_axis < 0 or rng.random() >= scheme.flip_probability:
        return stack
    return stack.flip(2 + scheme.flip_axis)


def _rotate(stack: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor:
    """About the posterior-anterior axis (the plane of axes 0 and 2; of 0 and 1 in 2-D), zeros outside."""
    if not scheme.rotate_degrees:
        return stack
    angle = math.radians(_degrees(scheme, rng))
    if not angle:
        return stack
    first, second = (0, 2) if stack.ndim == 5 else (0, 1)
    grid = spatial.identity_grid(stack.shape[2:], stack)
    a = grid[:, first] - (stack.shape[2 + first] - 1) / 2
    b = grid[:, second] - (stack.shape[2 + second] - 1) / 2
    shift = torch.zeros_like(grid)
    shift[:, first] = math.cos(angle) * a - math.sin(angle) * b - a
    shift[:, second] = math.sin(angle) * a + math.cos(angle) * b - b
    return spatial.warp(stack, shift, padding="zeros")


def _degrees(scheme: Augmentation, rng: np.random.Generator) -> float:
    if scheme.rotate_steps == "half":
        return float(rng.integers(-2, 3)) * scheme.rotate_degrees / 2
    return float(rng.uniform(-scheme.rotate_degrees, scheme.rotate_degrees))


def _crop(stack: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor:
    for axis, size in enumerate(scheme.crop, start=2):
        room = stack.shape[axis] - size
        if room > 0:
            stack = stack.narrow(axis, int(rng.integers(0, room + 1)), size)
    return stack


def _intensity(image: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor:
    """Gamma (recipes allow it on [0, 1] only) and a smooth multiplicative field; background 0 stays 0."""
    if scheme.gamma:
        image = image.clamp(min=0) ** math.exp(rng.uniform(-scheme.gamma, scheme.gamma))
    if scheme.bias_field:
        nodes = rng.normal(0, scheme.bias_field, size=(1, 1, *([4] * (image.ndim - 2))))
        mode = "trilinear" if image.ndim == 5 else "bilinear"
        coarse = torch.from_numpy(nodes).to(image)
        image = (
            image * F.interpolate(coarse, size=tuple(image.shape[2:]), mode=mode, align_corners=True).exp()
        )
    return image
