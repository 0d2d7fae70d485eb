"""How alike two brains are in many positions at once (mutual information), and the descent from each of them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from contreg_core.inference.coarse import Cells

_BINS = 16
_SHELL = 2
"""Cells around the fixed brain that are compared too: its outline tells most of how it lies."""
_TINY = 1e-12

Matrices = NDArray[np.float64]


@dataclass(frozen=True)
class Poses:
    """K rigid maps of the world, fixed points p to ``moving centre + shift + rotation (p - fixed centre)``.

    ``rotations`` ``(K, 3, 3)``, ``shifts`` ``(K, 3)`` in mm.
    """

    rotations: Matrices
    shifts: Matrices

    @classmethod
    def centred(cls, rotations: Matrices) -> "Poses":
        """One centre on the other."""
        return cls(rotations, np.zeros((len(rotations), 3)))

    def __len__(self) -> int:
        return len(self.rotations)

    def take(self, index: NDArray[np.intp]) -> "Poses":
        """Some of them."""
        return Poses(self.rotations[index], self.shifts[index])


class Likeness:
    """Mutual information of the fixed brain, some cells around it included, with the moving brain in any position."""

    def __init__(self, moving: Cells, fixed: Cells, most: int | None = None) -> None:
        """``most`` takes so many of the fixed cells, evenly, instead of all."""
        around = fixed.padded()
        near = ndimage.binary_dilation(around.inside > 0.5 * around.inside.max(), iterations=_SHELL)
        step = max(1, int(near.sum()) // most) if most else 1
        self.centres = moving.centre(), fixed.centre()
        self.axes = moving.axes(), fixed.axes()
        self._points = torch.from_numpy(around.points(near)[::step] - self.centres[1]).float()
        self._bins = _binned(around.image[near][::step])
        padded = moving.padded()
        self._inverse = np.linalg.inv(padded.affine)
        self._image = torch.from_numpy(padded.image)[None, None]
        self._half = (np.array(padded.image.shape) - 1) / 2

    def __call__(self, poses: Poses) -> NDArray[np.float64]:
        """``(K,)`` nats."""
        # To torch's coordinates: the last axis first, -1 and 1 on the outermost cells.
        turns = ((self._inverse[:3, :3] @ poses.rotations) / self._half[:, None])[:, ::-1]
        starts = (self.centres[0] + poses.shifts) @ self._inverse[:3, :3].T + self._inverse[:3, 3]
        starts = (starts / self._half - 1)[:, ::-1]
        every, start = (
            torch.from_numpy(one.reshape(-1, *one.shape[2:]).copy()).float() for one in (turns, starts)
        )
        grid = torch.addmm(start.reshape(-1), self._points, every.T).reshape(1, 1, 1, -1, 3)
        values = torch.nn.functional.grid_sample(self._image, grid, align_corners=True).reshape(
            -1, len(poses)
        )
        return _mutual_information(self._bins, values.numpy())


def _binned(values: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.clip(values * _BINS, 0, _BINS - 1).astype(np.int64)


def _mutual_information(bins: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of ``bins`` ``(N,)`` with every column of ``values`` ``(N, K)`` in [0, 1], shared linearly by two bins."""
    count, size = values.shape[1], _BINS * _BINS
    places = np.clip(values * (_BINS - 1), 0, _BINS - 1 - 1e-3)
    low = places.astype(np.int64)
    share = places - low
    cells = ((np.arange(count) * size)[None] + (bins * _BINS)[:, None] + low).ravel()
    joint = np.bincount(cells, (1 - share).ravel(), count * size)
    joint += np.bincount(cells + 1, share.ravel(), count * size)
    shares = joint.reshape(count, _BINS, _BINS) / len(values)
    return _entropy(shares.sum(1)) + _entropy(shares.sum(2)) - _entropy(shares.reshape(count, -1))


def _entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    summed: NDArray[np.float64] = -(shares * np.log(shares + _TINY)).sum(axis=1)
    return summed


def climb(
    likeness: Likeness, start: Poses, degrees: float, length: float, rounds: int
) -> tuple[Poses, NDArray[np.float64]]:
    """From every pose to the best near it, and its likeness: six steps to either side, the parabola through each three.

    Steps of ``degrees`` and ``length`` mm, halved where they overshoot.
    """
    found, best = start, likeness(start)
    steps = np.ones(len(start))
    for _ in range(rounds):
        sides = _sides(found, np.radians(degrees) * steps, length * steps)
        values = likeness(sides).reshape(len(start), 2, 6)
        offsets = _vertices(values[:, 0], values[:, 1], best)
        leap = _moved(found, np.radians(degrees) * steps, length * steps, offsets)
        reached = likeness(leap)
        side = values.reshape(len(start), 12).argmax(axis=1)
        side_values = values.reshape(len(start), 12).max(axis=1)
        leaps = reached >= side_values
        gained = np.maximum(reached, side_values) > best
        onto = sides.take(12 * np.arange(len(start)) + side)
        found = _choose(gained & leaps, leap, _choose(gained & ~leaps, onto, found))
        best = np.where(gained, np.maximum(reached, side_values), best)
        steps = np.where(gained & (np.abs(offsets).max(axis=1) >= 0.5), steps, steps / 2)
    return found, best


def _sides(poses: Poses, angles: Matrices, lengths: Matrices) -> Poses:
    """Twelve of each: up along the six axes, then down."""
    each = np.repeat(np.arange(len(poses)), 12)
    unit = np.tile(np.concatenate([np.eye(6), -np.eye(6)]), (len(poses), 1))
    return _moved(poses.take(each), angles[each], lengths[each], unit)


def _moved(poses: Poses, angles: Matrices, lengths: Matrices, offsets: Matrices) -> Poses:
    turns = Rotation.from_rotvec(angles[:, None] * offsets[:, :3]).as_matrix()
    return Poses(turns @ poses.rotations, poses.shifts + lengths[:, None] * offsets[:, 3:])


def _vertices(up: Matrices, down: Matrices, here: NDArray[np.float64]) -> Matrices:
    """Where the parabolas through three values each are highest, within a step; the higher side of the others."""
    bend = up - 2 * here[:, None] + down
    bent = bend < 0
    offsets = np.where(bent, (down - up) / (2 * np.where(bent, bend, -1)), np.sign(up - down))
    return np.clip(offsets, -1, 1)


def _choose(which: NDArray[np.bool_], these: Poses, others: Poses) -> Poses:
    return Poses(
        np.where(which[:, None, None], these.rotations, others.rotations),
        np.where(which[:, None], these.shifts, others.shifts),
    )
