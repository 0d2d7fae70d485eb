"""How each subject differs from the common brain in shape: a diffeomorphism, the exponential of a known velocity."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from contreg_adapters.synthetic.grid import FieldOfView
from contreg_adapters.synthetic.noise import bumps, generator
from contreg_adapters.synthetic.shapes import Array

if TYPE_CHECKING:
    from torch import Tensor

_SCALES = ((34.0, 2.2), (15.0, 1.7))
"""Widths of the bumps and root mean square of each component of the velocity they make, mm."""


def velocity(seed: int, subject: int, grid: FieldOfView) -> Array:
    """The stationary velocity of a subject, ``(3, *size)`` in voxels: size and shear, broad and fine bumps."""
    rng = generator(seed, subject, "shape")
    total = _linear(rng, grid)
    for width, strength in _SCALES:
        total += strength * np.stack([bumps(rng, grid.axes, width) for _ in range(3)])
    return total / grid.spacing


def _linear(rng: Generator, grid: FieldOfView) -> Array:
    """A size of its own along each axis, a little shear and turn, in mm."""
    matrix = rng.normal(0, 0.012, (3, 3)) + np.diag(rng.normal(0, 0.02, 3))
    centred = np.stack(np.meshgrid(*grid.axes, indexing="ij"))
    field: Array = np.tensordot(matrix, centred, axes=1)
    return field


def to_common(seed: int, subject: int, grid: FieldOfView) -> "Tensor":
    """Displacement ``(1, 3, *size)``, voxels: from a subject's voxels to the common brain, ``exp(v)``."""
    return _exponential(velocity(seed, subject, grid))


def from_common(seed: int, subject: int, grid: FieldOfView) -> "Tensor":
    """Displacement ``(1, 3, *size)``, voxels: from the common brain to a subject's voxels, ``exp(-v)``."""
    return _exponential(-velocity(seed, subject, grid))


def _exponential(field: Array) -> "Tensor":
    import torch

    from contreg_core import spatial

    return spatial.integrate(torch.from_numpy(field.astype(np.float32))[None])


def between(seed: int, moving: int, fixed: int, grid: FieldOfView) -> NDArray[np.float32]:
    """Displacement ``(3, *size)``, voxels, on the fixed grid: through the common brain into the moving subject."""
    from contreg_core import spatial

    composed = spatial.compose(from_common(seed, moving, grid), to_common(seed, fixed, grid))
    displacement: NDArray[np.float32] = composed[0].numpy()
    return displacement
