"""Inputs that every interpreter makes alike from a seed, with numpy and scipy alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = (160, 192, 224)
ONE_MM = (160, 192, 160)
SMALL = (80, 96, 80)
HALF = (80, 96, 112)


def smooth(channels: int, space: tuple[int, ...], size: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
    """Noise on a sixteenth of the grid, interpolated: ``(channels, *space)``."""
    from scipy.ndimage import zoom

    rng = np.random.default_rng(seed)
    coarse = rng.standard_normal((channels, *(max(2, n // 16) for n in space))).astype(np.float32)
    factors = [1.0, *(n / m for n, m in zip(space, coarse.shape[1:], strict=True))]
    return np.ascontiguousarray(zoom(coarse, factors, order=1) * np.float32(size), np.float32)


def image(space: tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
    """A brain-sized ellipsoid of smooth intensities in 0 to 1 on an empty background: ``(*space)``."""
    inside = _radius(space) < 1
    texture = 1 / (1 + np.exp(-smooth(1, space, 2.0, seed)[0]))
    return np.where(inside, 0.2 + 0.8 * texture, 0).astype(np.float32)


def labels(space: tuple[int, ...], count: int = 56, seed: int = 0) -> NDArray[np.uint8]:
    """``count`` regions of the ellipsoid, nearest of so many random centres (bent by a smooth shift)."""
    from scipy.spatial import cKDTree

    rng, half = np.random.default_rng(1), tuple(-(-n // 2) for n in space)
    centres = rng.uniform(0.15, 0.85, (count, 3)) * half
    places = np.stack(np.meshgrid(*map(np.arange, half), indexing="ij"), -1).astype(np.float32)
    places += np.moveaxis(smooth(3, half, 2.0, seed), 0, -1)
    regions = cKDTree(centres).query(places.reshape(-1, 3))[1].reshape(half).astype(np.uint8) + np.uint8(1)
    for axis in range(3):  # found on half the grid, which is eight times faster
        regions = np.repeat(regions, 2, axis)
    return np.where(_radius(space) < 1, regions[tuple(map(slice, space))], 0).astype(np.uint8)


def label_pair() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """56 regions at 1 mm, and the same bent in another way."""
    return labels(ONE_MM, seed=0), labels(ONE_MM, seed=3)


def _radius(space: tuple[int, ...]) -> NDArray[Any]:
    axes = [np.linspace(-1.15, 1.15, n) ** 2 for n in space]
    return sum(np.meshgrid(*axes, indexing="ij", sparse=True))  # type: ignore[return-value]


def batch(array: NDArray[Any]) -> Any:
    """``(C, *space)`` or ``(*space)`` as a torch batch of one."""
    import torch

    return torch.from_numpy(array)[(None,) * (5 - array.ndim)]
