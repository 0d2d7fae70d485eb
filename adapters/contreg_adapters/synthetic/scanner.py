"""What a scanner makes of a brain: an image on a grid, with contrast, bias and noise of its own, skull-stripped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.synthetic import motion
from contreg_adapters.synthetic.brain import describe, inside
from contreg_adapters.synthetic.folds import Individual
from contreg_adapters.synthetic.grid import FieldOfView
from contreg_adapters.synthetic.naming import labels
from contreg_adapters.synthetic.noise import bumps, generator
from contreg_adapters.synthetic.shapes import Array
from contreg_adapters.synthetic.tissue import TissueContrast, intensity

_BIAS, _BIAS_WIDTH = 0.08, 60.0
_NOISE = 0.025
"""Of the white matter's intensity."""


@dataclass(frozen=True)
class Acquisition:
    """One subject on the grid: float32 image (0 outside the brain), int16 label ids, boolean brain mask."""

    image: NDArray[np.float32]
    labels: NDArray[np.int16]
    mask: NDArray[np.bool_]


def scan(person: Individual, grid: FieldOfView) -> Acquisition:
    """Put ``person`` in the scanner: the same person and grid give the same picture, bit for bit."""
    moved = grid.spacing * motion.to_common(person.seed, person.subject, grid)[0].numpy()
    points = (grid.points + moved).reshape(3, -1)
    near = np.flatnonzero(inside(points, 1.0))
    shape = describe(points[:, near], person)
    kept = shape.outline < 0
    contrast = TissueContrast.drawn(generator(person.seed, person.subject, "contrast"))
    clean = intensity(shape, contrast, grid.spacing)
    near = near[kept]
    image = clean[kept] * _bias(person, grid).ravel()[near]
    image += _NOISE * contrast.white * _noise(person, grid).ravel()[near]
    return Acquisition(
        _scatter(np.maximum(image, 1), near, grid).astype(np.float32),
        _scatter(labels(shape)[kept], near, grid).astype(np.int16),
        _scatter(np.ones(len(near)), near, grid).astype(np.bool_),
    )


def _bias(person: Individual, grid: FieldOfView) -> Array:
    """The slow unevenness of the coil, around 1."""
    rng = generator(person.seed, person.subject, "bias")
    bias: Array = np.exp(_BIAS * bumps(rng, grid.axes, _BIAS_WIDTH))
    return bias


def _noise(person: Individual, grid: FieldOfView) -> Array:
    return generator(person.seed, person.subject, "noise").standard_normal(grid.size)


def _scatter(values: NDArray[np.generic], where: NDArray[np.intp], grid: FieldOfView) -> NDArray[np.generic]:
    """Values put back on the grid, 0 elsewhere."""
    full = np.zeros(int(np.prod(grid.size)), dtype=values.dtype)
    full[where] = values
    return full.reshape(grid.size)
