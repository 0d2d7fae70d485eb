"""What may be wrong with a moving image, done to a right one. Every function takes and gives a ``Damaged``."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.wrong_answers.subjects import EDGE_MM

_HOLE_MM = 15.0
_DEEP_MM = 8.0
_FURTHEST = 6
"""Voxels that another person's mask is off by, at most."""


@dataclass(frozen=True)
class Damaged:
    """``image``, ``mask`` and ``labels`` ``(*space)``; ``lost`` is what was taken away of the brain."""

    image: NDArray[np.float32]
    mask: NDArray[np.bool_]
    labels: NDArray[np.int32]
    lost: NDArray[np.bool_] | None = None


Fault = Callable[[Damaged, np.random.Generator, NDArray[np.bool_]], Damaged]
"""The last is another person's brain mask."""


def turned(given: Damaged, rng: np.random.Generator, _: NDArray[np.bool_]) -> Damaged:
    """One of the 23 rotations of the array under a header that does not know."""
    signed = [
        np.diag(signs) @ np.eye(3)[list(order)]
        for order in permutations(range(3))
        for signs in product((1.0, -1.0), repeat=3)
    ]
    proper = [one for one in signed if np.linalg.det(one) > 0 and not np.allclose(one, np.eye(3))]
    rotation = proper[rng.integers(len(proper))]
    order = np.abs(rotation).argmax(axis=1)
    flipped = tuple(int(axis) for axis in np.flatnonzero(rotation.sum(axis=1) < 0))
    return _each(given, lambda array: np.flip(np.transpose(array, order), flipped))


def mirrored(given: Damaged, _: np.random.Generator, __: NDArray[np.bool_]) -> Damaged:
    """Left and right exchanged."""
    return _each(given, lambda array: array[::-1])


def noise(width: float) -> Fault:
    """White noise in the brain's shape, smoothed by a Gaussian of ``width`` voxels."""

    def noisy(given: Damaged, rng: np.random.Generator, _: NDArray[np.bool_]) -> Damaged:
        values = rng.standard_normal(given.image.shape).astype(np.float32)
        values = ndimage.gaussian_filter(values, width) if width else values
        inside = values[given.mask]
        values = (values - inside.min()) / np.ptp(inside) + np.float32(0.05)
        return replace(given, image=np.where(given.mask, values * given.image[given.mask].max(), 0))

    return noisy


def anothers_mask(given: Damaged, rng: np.random.Generator, other: NDArray[np.bool_]) -> Damaged:
    """Cut out with another person's mask, up to 12 mm off along every axis."""
    shift = rng.integers(-_FURTHEST, _FURTHEST + 1, 3)
    return _without(given, ndimage.shift(other.astype(float), shift, order=0) <= 0)


def inverted(given: Damaged, _: np.random.Generator, __: NDArray[np.bool_]) -> Damaged:
    """Dark where it was bright, as a T2 is."""
    low, high = np.percentile(given.image[given.mask], (1, 99))
    share = np.clip((given.image - low) / (high - low), 0, 1)
    return replace(given, image=np.where(given.mask, (1.05 - share**0.8) * 1000, 0).astype(np.float32))


def half(given: Damaged, rng: np.random.Generator, _: NDArray[np.bool_]) -> Damaged:
    """One half along one axis is gone."""
    axis = int(rng.integers(3))
    middle = int(ndimage.center_of_mass(given.mask)[axis])
    gone = np.zeros_like(given.mask)
    part = slice(0, middle) if rng.random() < 0.5 else slice(middle, None)
    gone[(slice(None),) * axis + (part,)] = True
    return _without(given, gone)


def hole(given: Damaged, rng: np.random.Generator, _: NDArray[np.bool_]) -> Damaged:
    """A ball of 30 mm is gone, its centre 8 mm or more inside the brain."""
    deep = np.argwhere(ndimage.distance_transform_edt(given.mask) * EDGE_MM > _DEEP_MM)
    centre = deep[rng.integers(len(deep))]
    apart = np.indices(given.mask.shape) - centre[:, None, None, None]
    return _without(given, np.linalg.norm(apart, axis=0) * EDGE_MM < _HOLE_MM)


FAULTS: dict[str, Fault] = {
    "turned": turned,
    "mirrored": mirrored,
    "noise0": noise(0),
    "noise1": noise(1),
    "noise3": noise(3),
    "mask": anothers_mask,
    "t2": inverted,
    "t2auto": inverted,
    "half": half,
    "hole": hole,
}


def _each(given: Damaged, change: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> Damaged:
    arrays = (np.ascontiguousarray(change(one)) for one in (given.image, given.mask, given.labels))
    return Damaged(*arrays)  # type: ignore[arg-type]


def _without(given: Damaged, gone: NDArray[np.bool_]) -> Damaged:
    lost = given.mask & gone
    return replace(
        given, image=np.where(lost, np.float32(0), given.image), mask=given.mask & ~lost, lost=lost
    )
