"""How the moving brain lies under its header, by the images: rotations of any angle, before anything is aligned.

The start of Jenkinson & Smith (2001), many rotations tried on cells of 8 mm and the best of them followed, with the
24 rotations of the axes between the brains' headers and between their principal axes in place of a regular grid.
"""

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from contreg_core.inference.coarse import Cells
from contreg_core.inference.poses import Likeness, Poses, climb

_CELL_MM = 8.0
_KEPT = 6
_POINTS = 2500
_APART_DEGREES = 25.0
_CLIMB = (12.0, 8.0, 9)
"""First steps in degrees and mm of an adult brain, and how many."""
_MARGIN = 1.05
"""On right headers nothing but the header's own was ever more alike than 1.003 times that (see the documentation)."""
_NEAR_DEGREES = 40.0
"""The alignment finds its way from as far."""
_NAMED_DEGREES = 20.0


@dataclass(frozen=True)
class Prealignment:
    """``rotation`` ``(3, 3)`` takes directions of the fixed world to those of the moving world; the identity where the
    header is believed. ``likeness`` is the mutual information of the two brains under the headers and at best.
    """

    rotation: NDArray[np.float64]
    likeness: tuple[float, float]

    @property
    def believed(self) -> bool:
        """Whether the headers say how the brains lie, as far as an alignment needs it."""
        return bool((self.rotation == np.eye(3)).all())

    def __str__(self) -> str:
        """What the moving head must have been turned by.

        >>> print(Prealignment(np.diag([-1.0, -1.0, 1.0]), (0.3, 0.8)))
        rotated 180 degrees about z
        """
        return "none" if self.believed else f"rotated {_named(self.rotation)}"


def prealign(moving: Cells, fixed: Cells, unit: float) -> Prealignment:
    """Try the moving brain in all positions; what the header says is kept unless another is better by a margin.

    Both in small cells; ``unit`` is the mm that stand for one of an adult brain's.
    """
    likeness = Likeness(moving.merged(_CELL_MM * unit), fixed.merged(_CELL_MM * unit), _POINTS)
    start = Poses.centred(np.concatenate([np.eye(3)[None], _starts(likeness)]))
    degrees, length, rounds = _CLIMB
    poses, values = climb(likeness, start, degrees, length * unit, rounds)
    best = int(values.argmax())
    rotation = poses.rotations[best]
    clear = values[best] > _MARGIN * values[0] or angle(poses.rotations[0]) > _NEAR_DEGREES
    believed = not clear or angle(rotation) <= _NEAR_DEGREES
    return Prealignment(np.eye(3) if believed else rotation, (float(values[0]), float(values[best])))


def angle(rotation: NDArray[np.float64]) -> float:
    """Degrees of a rotation."""
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def axis_rotations() -> NDArray[np.float64]:
    """``(24, 3, 3)``: the proper rotations of a cube."""
    signed = [
        np.diag(signs) @ np.eye(3)[list(order)]
        for order in permutations(range(3))
        for signs in product((1.0, -1.0), repeat=3)
    ]
    return np.array([one for one in signed if np.linalg.det(one) > 0])


def _starts(likeness: Likeness) -> NDArray[np.float64]:
    """The most promising rotations that lie apart."""
    rotations = axis_rotations()
    tried = np.concatenate([rotations, likeness.axes[0] @ rotations @ likeness.axes[1].T])
    chosen: list[NDArray[np.float64]] = []
    for index in np.argsort(-likeness(Poses.centred(tried)), kind="stable"):
        if all(angle(tried[index] @ other.T) > _APART_DEGREES for other in chosen):
            chosen.append(tried[index])
        if len(chosen) == _KEPT:
            break
    return np.array(chosen)


def _named(rotation: NDArray[np.float64]) -> str:
    """As a turn about one axis; the nearest of the 24 where that is not far off."""
    exact = min(axis_rotations(), key=lambda one: angle(rotation @ one.T))
    if angle(rotation @ exact.T) <= _NAMED_DEGREES:
        rotation = exact
    turn = Rotation.from_matrix(rotation).as_rotvec(degrees=True)
    degrees = float(np.linalg.norm(turn))
    axis = turn / degrees
    main = int(np.abs(axis).argmax())
    if axis[main] < 0 and round(degrees) == 180:
        axis = -axis
    if abs(axis[main]) > 0.999:
        return f"{'' if axis[main] > 0 else '-'}{degrees:.0f} degrees about {'xyz'[main]}"
    return f"{degrees:.0f} degrees about ({', '.join(f'{one:.2g}' for one in axis)})"
