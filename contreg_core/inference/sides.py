"""Whether left and right of one image are exchanged: what no header tells, and a registration would hide."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.evaluation.similarity import ncc
from contreg_core.inference.coarse import Cells
from contreg_core.inference.poses import Likeness, Poses, climb
from contreg_core.transform.world import Affine
from contreg_core.volume import spacing

_MEDIUM_MM, _COARSE_MM, _BROAD_MM = 4.0, 8.0, 16.0
_CLEAR = 0.02
"""Of 130 pairs of right headers none came so far; of the same mirrored, 22 % (see the documentation)."""
_POINTS = 20_000
_FEWER = 3000
_FEW = 500
_CORE = 2
"""Cells off the border of the fixed brain, which is where it was cut out."""


@dataclass(frozen=True)
class Sides:
    """Correlations of the fine structure of two brains, on two ways that keep left and right and two that do not."""

    stored: tuple[float, float] = (0.0, 0.0)
    mirrored: tuple[float, float] = (0.0, 0.0)

    @property
    def means(self) -> dict[str, float]:
        """Of the images as they are ``stored``, and with one ``mirrored``."""
        return {"stored": sum(self.stored) / 2, "mirrored": sum(self.mirrored) / 2}

    @property
    def swapped(self) -> bool:
        """Whether they fit clearly better mirrored, on either way; contrasts may be inverted."""
        stored, mirrored = ([abs(one) for one in both] for both in (self.stored, self.mirrored))
        return min(mirrored) > max(stored) and sum(mirrored) / 2 > sum(stored) / 2 + _CLEAR

    @property
    def warning(self) -> str:
        """For where they do."""
        return (
            "left and right of one image seem exchanged (a mirrored header): the brains correlate "
            f"{self.means['stored']:.3f} as they are stored and {self.means['mirrored']:.3f} with one mirrored"
        )


def compare_sides(moving: Cells, fixed: Cells, stage: Affine, unit: float) -> Sides:
    """Of two brains in cells of 2 mm (``unit``: of so many mm), ``stage`` the alignment, fixed points to moving points.

    Four maps are compared, two that keep left and right and two that exchange them, by the mirror planes of the two
    brains: exactly the same is done for images that are right and for those that are not.
    """
    mirrors = [mirror_plane(cells, unit) for cells in (moving, fixed)]
    core = ndimage.binary_erosion(fixed.inside > 0.9, iterations=_CORE)
    if core.sum() < _FEW:
        return Sides()
    places = fixed.points(core)[:: max(1, int(core.sum()) // _POINTS)]
    maps = (stage, mirrors[0] @ stage @ mirrors[1], stage @ mirrors[1], mirrors[0] @ stage)
    fine = _Fine(moving, unit)
    truth, _ = _Fine(fixed, unit)(places)
    read = [fine(_mapped(one, places)) for one in maps]
    common = np.all([inside for _, inside in read], axis=0)
    if common.sum() < _FEW:
        return Sides()
    likes = [_correlation(values[common], truth[common]) for values, _ in read]
    return Sides((likes[0], likes[1]), (likes[2], likes[3]))


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Of what is cut to its middle half: ventricles would say more than all the folds together."""
    first, second = (np.clip(values, *np.percentile(values, (25, 75))) for values in (one, other))
    return ncc(first, second)


def mirror_plane(cells: Cells, unit: float) -> Affine:
    """The reflection of the world that maps a brain onto itself best."""
    flipped = replace(cells, image=cells.image[::-1], inside=cells.inside[::-1])
    turns = np.array([np.eye(3), np.diag([-1.0, -1.0, 1.0]), np.diag([-1.0, 1.0, -1.0])])
    axes = cells.affine[:3, :3] / np.linalg.norm(cells.affine[:3, :3], axis=0)
    poses = Poses.centred(axes @ turns @ axes.T)
    likeness = Likeness(flipped.merged(_COARSE_MM * unit), cells.merged(_COARSE_MM * unit), _FEWER)
    poses, values = climb(likeness, poses, 6.0, 4.0 * unit, 7)
    best = poses.take(np.array([values.argmax()]))
    finer = Likeness(flipped.merged(_MEDIUM_MM * unit), cells.merged(_MEDIUM_MM * unit), _FEWER)
    best = Poses.centred(best.rotations)
    best, _ = climb(finer, best, 2.0, 2.0 * unit, 8)
    pose = np.eye(4)
    pose[:3, :3] = best.rotations[0]
    pose[:3, 3] = finer.centres[0] + best.shifts[0] - best.rotations[0] @ finer.centres[1]
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    flip[0, 3] = cells.image.shape[0] - 1
    return _reflection(cells.affine @ flip @ np.linalg.inv(cells.affine) @ pose, cells.centre())


def _reflection(near: Affine, centre: NDArray[np.float64]) -> Affine:
    """The reflection next to a map that is nearly one."""
    _, vectors = np.linalg.eigh(near[:3, :3] + near[:3, :3].T)
    normal = vectors[:, 0]
    between = (centre + near[:3, :3] @ centre + near[:3, 3]) / 2
    found = np.eye(4)
    found[:3, :3] -= 2 * np.outer(normal, normal)
    found[:3, 3] = 2 * normal * (normal @ between)
    return found


class _Fine:
    """A brain's structure finer than some mm, anywhere in it: what its left and right differ by."""

    def __init__(self, cells: Cells, unit: float) -> None:
        self._cells, broad = cells, cells.merged(_MEDIUM_MM * unit).padded()
        sigmas = _BROAD_MM * unit / np.array(spacing(broad.affine))
        weights = ndimage.gaussian_filter(broad.inside, sigmas)
        self._mean = ndimage.gaussian_filter(broad.image, sigmas) / np.maximum(weights, 0.05)
        self._affine = broad.affine

    def __call__(self, places: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """At world positions: the structure, and whether there is brain."""
        inside = _read(self._cells.inside, self._cells.affine, places)
        image = _read(self._cells.image, self._cells.affine, places)
        return image - inside * _read(self._mean, self._affine, places), inside > 0.5


def _read(array: NDArray[np.float32], affine: Affine, places: NDArray[np.float64]) -> NDArray[np.float32]:
    index = _mapped(np.linalg.inv(affine).astype(np.float64), places).T
    found: NDArray[np.float32] = ndimage.map_coordinates(array, index, order=1)
    return found


def _mapped(matrix: Affine, places: NDArray[np.float64]) -> NDArray[np.float64]:
    mapped: NDArray[np.float64] = places @ matrix[:3, :3].T + matrix[:3, 3]
    return mapped
