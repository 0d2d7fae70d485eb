"""Smooth randomness that depends on a seed and on millimetres, never on the voxel grid it is read on."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from contreg_adapters.synthetic.shapes import Array

FIELD = (192.0, 240.0, 192.0)
"""Size in mm of the box that holds the head."""


def generator(seed: int, subject: int, purpose: str) -> Generator:
    """An independent stream for each (seed, subject, purpose): adding a purpose changes no other."""
    return np.random.default_rng([seed, subject, zlib.crc32(purpose.encode())])


def bumps(rng: Generator, axes: Sequence[Array], width: float) -> Array:
    """Gaussian bumps of standard deviation ``width`` mm, randomly weighted: unit variance, ``(n0, n1, n2)``.

    ``axes`` are the mm coordinates along each axis, 0 in the middle of the field. Sums of Gaussians separate, so the
    same weights read on any grid give the same function.
    """
    step = width / 1.25
    counts = [int(size / step) + 7 for size in FIELD]
    field = rng.standard_normal(counts)
    for axis, (count, positions) in enumerate(zip(counts, axes, strict=True)):
        centres = (np.arange(count) - (count - 1) / 2) * step
        basis = np.exp(-(((positions[:, None] - centres) / width) ** 2) / 2)
        field = np.moveaxis(np.tensordot(basis, field, axes=(1, axis)), 0, axis)
    scaled: Array = field / (np.sqrt(np.pi) * width / step) ** 1.5
    return scaled


def rings(rng: Generator, step: float, wavelength: float) -> Array:
    """Noise of one wavelength (mm) and all directions on a lattice of ``step`` mm over the field, unit variance.

    Its zero set is a labyrinth of evenly spaced sheets, as sulci are.
    """
    counts = [round(size / step) for size in FIELD]
    frequencies = np.meshgrid(
        *[np.fft.fftfreq(n, step) for n in counts[:2]], np.fft.rfftfreq(counts[2], step), indexing="ij"
    )
    magnitude = np.sqrt(sum(f**2 for f in frequencies)) * wavelength
    band = np.exp(-(((magnitude - 1) / 0.25) ** 2) / 2)
    noise: Array = np.fft.irfftn(np.fft.rfftn(rng.standard_normal(counts)) * band, counts, axes=(0, 1, 2))
    unit: Array = noise / noise.std()
    return unit
