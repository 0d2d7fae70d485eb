"""Random changes of a pair, or of an image and its labels, on the device: one geometry, intensities each for itself.

Every change is a function of the generator it is given, so that an item's augmentation depends on (seed, epoch, item)
alone.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from contreg_core import spatial
from contreg_core.scheme import Augmentation


def augment(
    moving: Tensor, fixed: Tensor, mask: Tensor, scheme: Augmentation, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """``(1, 1, *space)`` three times -> the same, changed; the mask stays boolean."""
    stack = torch.cat((moving, fixed, mask.to(fixed.dtype)), dim=1)
    stack = _flip(stack, scheme) if _flipped(scheme, rng) else stack
    shift = _displacement(stack, scheme, rng)
    stack = stack if shift is None else spatial.warp(stack, shift, padding="zeros")
    stack = _crop(stack, scheme, rng)
    moving, fixed, mask = (part.contiguous() for part in stack.split(1, dim=1))
    return _intensity(moving, scheme, rng), _intensity(fixed, scheme, rng), mask > 0.5


def augment_labelled(
    image: Tensor, classes: Tensor, mirrored: Tensor, scheme: Augmentation, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """``(1, 1, *space)`` image and class numbers -> the same, changed; numbers are read at the nearest voxel.

    ``mirrored`` are the numbers with the two sides of the body exchanged: what is true after a left-right flip.
    """
    if _flipped(scheme, rng):
        image = _flip(image, scheme)
        classes = _flip(mirrored if scheme.flip_axis == 0 else classes, scheme)
    shift = _displacement(image, scheme, rng)
    stack = torch.cat((image, classes.to(image.dtype)), dim=1)
    if shift is not None:
        read = spatial.warp(classes.to(image.dtype), shift, mode="nearest", padding="zeros")
        stack = torch.cat((spatial.warp(image, shift, padding="zeros"), read), dim=1)
    image, numbers = (part.contiguous() for part in _crop(stack, scheme, rng).split(1, dim=1))
    return _intensity(image, scheme, rng), numbers.long()


def _flipped(scheme: Augmentation, rng: np.random.Generator) -> bool:
    return scheme.flip_axis >= 0 and rng.random() < scheme.flip_probability


def _flip(stack: Tensor, scheme: Augmentation) -> Tensor:
    return stack.flip(2 + scheme.flip_axis)


def _displacement(like: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor | None:
    """Of the drawn rotation and size, about the centre of the grid of ``like``; None where there is neither."""
    matrix = _rotation(like.ndim - 2, scheme, rng)
    if scheme.scale:
        matrix = matrix / rng.uniform(1 - scheme.scale, 1 + scheme.scale)
    change = matrix - np.eye(like.ndim - 2)
    if not change.any():
        return None
    grid = spatial.identity_grid(like.shape[2:], like)
    centred = [grid[:, axis] - (size - 1) / 2 for axis, size in enumerate(like.shape[2:])]
    rows = [
        sum((float(c) * x for c, x in zip(row, centred, strict=True)), start=0 * centred[0]) for row in change
    ]
    return torch.stack(rows, dim=1)


def _rotation(ndim: int, scheme: Augmentation, rng: np.random.Generator) -> NDArray[np.float64]:
    """In the plane of axes 0 and 2 (0 and 1 in 2-D), about the posterior-anterior axis; or in every plane."""
    matrix = np.eye(ndim)
    if not scheme.rotate_degrees:
        return matrix
    every = [(0, 2), (0, 1), (1, 2)] if ndim == 3 else [(0, 1)]
    for plane in every if scheme.rotate_about == "all" else every[:1]:
        angle = math.radians(_degrees(scheme, rng))
        turn = np.eye(ndim)
        turn[np.ix_(plane, plane)] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        matrix = matrix @ turn
    return matrix


def _degrees(scheme: Augmentation, rng: np.random.Generator) -> float:
    if scheme.rotate_steps == "half":
        return float(rng.integers(-2, 3)) * scheme.rotate_degrees / 2
    return float(rng.uniform(-scheme.rotate_degrees, scheme.rotate_degrees))


def cropped(space: tuple[int, ...], scheme: Augmentation) -> tuple[int, ...]:
    """Voxels along every axis of an image of ``space`` voxels after the random crop."""
    crop = scheme.crop[: len(space)]
    return tuple(min(pair) for pair in zip(space, (*crop, *space[len(crop) :]), strict=True))


def _crop(stack: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor:
    for axis, size in enumerate(cropped(tuple(stack.shape[2:]), scheme), start=2):
        room = stack.shape[axis] - size
        if room > 0:
            stack = stack.narrow(axis, int(rng.integers(0, room + 1)), size)
    return stack


def _intensity(image: Tensor, scheme: Augmentation, rng: np.random.Generator) -> Tensor:
    """Gamma (recipes allow it on [0, 1] only) and a smooth multiplicative field, noise; background 0 stays 0."""
    if scheme.gamma:
        image = image.clamp(min=0) ** math.exp(rng.uniform(-scheme.gamma, scheme.gamma))
    if scheme.bias_field:
        nodes = rng.normal(0, scheme.bias_field, size=(1, 1, *([4] * (image.ndim - 2))))
        mode = "trilinear" if image.ndim == 5 else "bilinear"
        coarse = torch.from_numpy(nodes).to(image)
        image = (
            image * F.interpolate(coarse, size=tuple(image.shape[2:]), mode=mode, align_corners=True).exp()
        )
    if scheme.noise:
        drawn = torch.from_numpy(rng.standard_normal(image.shape, dtype=np.float32)).to(image)
        image = torch.where(image == 0, image, image + scheme.noise * drawn)
    return image
