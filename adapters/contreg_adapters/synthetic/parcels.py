"""The cortex divided: a Voronoi partition from seeds placed by anatomy, its borders doubling as primary sulci."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.synthetic.shapes import Array

Seeds: TypeAlias = Mapping[int, tuple[tuple[float, float, float], ...]]

SEEDS: Seeds = {
    22: ((12, 56, 24), (15, 36, 48), (13, 10, 64), (6, 50, 12), (6, 26, 48)),
    24: ((34, 48, 18), (39, 30, 38), (34, 10, 54)),
    26: ((48, 38, -2), (54, 24, 12), (54, 12, 22)),
    28: ((60, 2, 18), (54, -4, 36), (38, -14, 58), (10, -20, 70)),
    30: ((18, 46, -16), (22, 24, -20)),
    32: ((38, 40, -14), (40, 24, -18)),
    34: ((5, 42, -18), (5, 22, -22)),
    42: ((64, -14, 24), (58, -20, 42), (42, -31, 60), (12, -38, 72)),
    44: ((30, -54, 58), (20, -66, 58)),
    46: ((62, -32, 26), (56, -42, 42)),
    48: ((54, -60, 26), (44, -68, 42)),
    50: ((6, -56, 52), (6, -66, 36)),
    62: ((20, -84, 36), (24, -92, 24)),
    64: ((38, -84, 14), (46, -74, 12)),
    66: ((40, -84, -6), (28, -96, -2)),
    68: ((6, -84, 24), (6, -94, 10)),
    82: ((44, 18, -22), (58, 2, -8), (62, -14, 2), (64, -34, 12)),
    84: ((52, 8, -30), (62, -12, -16), (64, -32, -6), (58, -54, 4)),
    86: ((48, -2, -40), (56, -22, -30), (58, -42, -18), (52, -60, -10)),
    88: ((22, -2, -30), (20, -20, -26), (18, -36, -12)),
    90: ((12, -56, -4), (12, -72, -4), (10, -90, -6)),
    92: ((36, -14, -36), (36, -36, -24), (32, -56, -16)),
    102: ((37, 14, -4), (37, 2, 2), (37, -12, 6)),
    122: ((5, 38, 8), (5, 26, 28), (5, 4, 38), (5, -22, 40), (5, -44, 28), (8, -50, 10)),
}
"""Seeds (x, y, z in mm, right side) of each cortical parcel, by the even id of the pair."""


@dataclass(frozen=True)
class Parcels:
    """For each point: the even id of its parcel, and the distance (mm) to the border with the next one."""

    ids: NDArray[np.int16]
    border: Array


def divide(points: Array, seeds: Seeds) -> Parcels:
    """Give each of ``points`` ``(3, N)``, right side, the parcel of its nearest seed."""
    nearest = _Two(points.shape[1])
    for id_, centres in seeds.items():
        nearest.offer(id_, *_closest(points, np.asarray(centres)))
    between = np.sqrt(((nearest.seeds[0] - nearest.seeds[1]) ** 2).sum(0))
    gap = nearest.squared[1] - nearest.squared[0]
    return Parcels(nearest.ids, gap / np.maximum(2 * between, 1e-6))


def _closest(points: Array, centres: Array) -> tuple[Array, Array]:
    """Squared distance to the nearest of ``centres`` ``(n, 3)``, and that centre ``(3, N)``."""
    squared = (centres**2).sum(1)[:, None] - 2 * centres @ points
    winner = squared.argmin(0)
    smallest = np.take_along_axis(squared, winner[None], 0)[0] + (points**2).sum(0)
    return smallest, centres[winner].T


class _Two:
    """The nearest and the second nearest parcel of every point, as parcels are offered one after another."""

    def __init__(self, count: int) -> None:
        self.ids = np.zeros(count, dtype=np.int16)
        self.squared = np.full((2, count), np.inf)
        self.seeds = np.zeros((2, 3, count))

    def offer(self, id_: int, squared: Array, seeds: Array) -> None:
        closer = squared < self.squared[0]
        self._keep(1, closer, self.squared[0], self.seeds[0])
        self._keep(0, closer, squared, seeds)
        self._keep(1, ~closer & (squared < self.squared[1]), squared, seeds)
        self.ids[closer] = id_

    def _keep(self, place: int, where: NDArray[np.bool_], squared: Array, seeds: Array) -> None:
        self.squared[place] = np.where(where, squared, self.squared[place])
        self.seeds[place] = np.where(where, seeds, self.seeds[place])
