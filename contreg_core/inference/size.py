"""A brain's own unit of length: what is said in mm for an adult's brain is meant relative to the brain at hand."""

import numpy as np

from contreg_core.volume import Volume, spacing

_ADULT_LITRES = 1.4
_ADULT_MM = (1e6 * _ADULT_LITRES) ** (1 / 3)
_ORDINARY = 4.0
"""A brain a quarter to four times as long as an adult's takes an adult's own numbers: children, halves, thick slabs."""
_PREFERRED = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0, 10.0)
"""Renard's series R10 (ISO 3)."""
_ENOUGH_ACROSS = 32


def litres(volume: Volume, voxels: int) -> float:
    """What so many of its voxels fill."""
    return voxels * abs(float(np.linalg.det(volume.affine[:3, :3]))) / 1e6


def litres_text(amount: float) -> str:
    """A volume in L, or in ml where that is too small to be read.

    >>> litres_text(1.31), litres_text(0.00095588)
    ('1.31 L', '0.956 ml')
    """
    return f"{amount:.2f} L" if amount >= 0.01 else f"{amount * 1e3:.3g} ml"


def scale_of(volume: Volume, voxels: int) -> float:
    """The mm that stand for one of an adult brain's in a brain of so many voxels; 1 for all of ordinary size.

    From the brain's volume, then rounded so that its voxels have a preferred size in adult mm: one brain whose header
    says 0.36, 1 or 4 mm is 4 mm in each, and so goes the same way to the last digits.
    """
    length = length_of(volume, voxels)
    if 1 / _ORDINARY <= length <= _ORDINARY or length == 0:
        return 1.0
    edge = float(np.cbrt(np.prod(spacing(volume.affine))))
    return edge / _preferred(edge / length)


def relative_spacing(target: float, volume: Volume, voxels: int) -> float:
    """A recipe's ``target`` in mm of an adult brain for a brain of so many voxels, unless it suits the brain as it is.

    A recipe may have been written, or trained, for small brains: what puts 32 voxels across one stays; 0 stays 0.
    """
    scale = scale_of(volume, voxels)
    if scale < 1 and length_of(volume, voxels) * _ADULT_MM >= _ENOUGH_ACROSS * target:
        return target
    return target * scale


def length_of(volume: Volume, voxels: int) -> float:
    """How long a brain of so many voxels is, in lengths of an adult brain."""
    return float((litres(volume, voxels) / _ADULT_LITRES) ** (1 / 3))


def _preferred(value: float) -> float:
    decade = 10.0 ** np.floor(np.log10(value))
    return float(min((one * decade for one in _PREFERRED), key=lambda one: abs(np.log(one / value))))
