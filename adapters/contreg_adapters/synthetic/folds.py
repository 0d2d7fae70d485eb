"""The folded cortex: how far each point of the cerebrum is from cerebrospinal fluid."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

from contreg_adapters.synthetic import anatomy
from contreg_adapters.synthetic.noise import FIELD, generator, rings
from contreg_adapters.synthetic.parcels import SEEDS, Parcels, divide
from contreg_adapters.synthetic.shapes import Array, column, mirrored

SULCUS = 0.7
"""Half the width of the fluid in a sulcus, mm."""
_STEP = 3.0
_FOLD_WAVELENGTH = 30.0
_WINDING_WAVELENGTH, _WINDING = 42.0, 3.5


@dataclass(frozen=True)
class Individual:
    """One person's cortex: ``own`` is the share of its folds that no other subject has, from 0 to 1."""

    seed: int
    subject: int
    own: float = 0.5


@dataclass(frozen=True)
class Cortex:
    """Distances in mm at each point: to the hull (negative inside), below the surface, to the nearest fluid.

    Ventricles do not count as fluid here. ``parcels`` says which gyrus each point belongs to.
    """

    hull: Array
    depth: Array
    fluid: Array
    parcels: Parcels


@lru_cache(maxsize=16)
def _common(seed: int, purpose: str, wavelength: float) -> Array:
    """A pattern all subjects of a cohort share."""
    return rings(generator(seed, 0, f"common {purpose}"), _STEP, wavelength)


def _pattern(person: Individual, purpose: str, wavelength: float) -> Array:
    """A person's pattern on the lattice: common and own, unit variance."""
    own = rings(generator(person.seed, person.subject, f"own {purpose}"), _STEP, wavelength)
    pattern: Array = np.sqrt(1 - person.own**2) * _common(person.seed, purpose, wavelength) + person.own * own
    return pattern


def _read(lattice: Array, points: Array) -> Array:
    """A lattice over the field read at mm points."""
    middle = column([(round(size / _STEP) - 1) / 2 for size in FIELD])
    where = (points - column(anatomy.CENTRE)) / _STEP + middle
    values: Array = map_coordinates(lattice, where, order=1, mode="nearest")
    return values


def cortex(points: Array, person: Individual) -> Cortex:
    """Fold the cortex of ``person`` at common-brain ``points`` ``(3, N)`` in mm."""
    right = mirrored(points)
    pushed, radius = anatomy.outward(right)
    pushed[0] *= np.where(points[0] < 0, -1, 1)
    parcels = divide(right + _winding(pushed, person), SEEDS)
    hull, midline, lateral = anatomy.cerebrum(right), anatomy.fissure(right), anatomy.sylvian(right)
    depth = np.minimum(-hull, midline)
    fissures = np.minimum(depth, np.minimum(midline, lateral) - SULCUS)
    primary = _sulcus(parcels.border, depth, 18.0)
    reach = 12 * np.clip((parcels.border - 4) / 6, 0, 1)
    secondary = _sulcus(_sheet(pushed, person) * radius, depth, reach)
    return Cortex(hull, depth, np.minimum(fissures, np.minimum(primary, secondary)), parcels)


def _sulcus(distance: Array, depth: Array, reach: Array | float) -> Array:
    """Signed distance to a sulcus: a sheet from the surface down to ``reach``."""
    beside, below = distance - SULCUS, depth - reach
    outside = np.hypot(np.maximum(beside, 0), np.maximum(below, 0))
    signed: Array = outside + np.minimum(np.maximum(beside, below), 0)
    return signed


def _winding(surface: Array, person: Individual) -> Array:
    """How far (mm) the borders of parcels wander from straight lines, ``(3, N)``, equal all the way in."""
    patterns = (_pattern(person, f"winding {axis}", _WINDING_WAVELENGTH) for axis in "xyz")
    return _WINDING * np.stack([_read(pattern, surface) for pattern in patterns])


def _sheet(surface: Array, person: Individual) -> Array:
    """Distance along the surface to the nearest secondary sulcus: a zero of the fold pattern."""
    pattern = _pattern(person, "folds", _FOLD_WAVELENGTH)
    slope = np.sqrt(sum(g**2 for g in np.gradient(pattern, _STEP)))
    return np.abs(_read(pattern, surface)) / np.hypot(_read(slope, surface), 0.06)
