"""Heads that lie otherwise than their headers say: each ends where the straight one does."""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from contreg_adapters.lpba40 import Lpba40
from contreg_adapters.synthetic import Synthetic
from contreg_core.cohort import Cohort, LoadedScan
from contreg_core.errors import ContregError
from contreg_core.inference.alignment import FINE_MM
from contreg_core.inference.images import Brain, find_brain, resample_to
from contreg_core.inference.placing import rough_stage
from contreg_core.inference.prealignment import axis_rotations
from contreg_core.preprocessing.resample import image_to_spacing, labels_to_spacing
from contreg_core.transform.world import Grid
from contreg_core.volume import Volume
from trials.tally import Row

SOURCE = Path(os.environ.get("CONTREG_LPBA40", Path(__file__).parents[3] / ".data"))
_EDGE_MM = 4.0
"""Of the images; labels are compared at 2 mm."""
_WITHIN = 0.01


@dataclass(frozen=True)
class Head:
    """A brain under some header and its labels in the world."""

    brain: Brain
    labels: Volume

    def turned(self, rotation: NDArray[np.float64]) -> "Head":
        """Lying turned, about its image's middle, on a straight grid again: voxels and header no longer tell of it."""
        volume = self.brain.volume
        middle = (volume.affine @ [*((np.array(volume.array.shape) - 1) / 2), 1.0])[:3]
        world = np.eye(4)
        world[:3, :3] = rotation
        world[:3, 3] = middle - rotation @ middle
        size = int(np.ceil(np.linalg.norm(np.array(volume.array.shape))))
        straight = np.diag([_EDGE_MM, _EDGE_MM, _EDGE_MM, 1.0])
        straight[:3, 3] = middle - _EDGE_MM * (size - 1) / 2
        moved = replace(volume, affine=world @ volume.affine)
        array = resample_to(moved, Grid(straight, (size, size, size)), 1)
        return Head(
            find_brain(Volume(array, straight)),
            replace(self.labels, affine=world @ self.labels.affine),
        )


def trial(rng: random.Random, *, pairs: int, turns: int) -> list[Row]:
    """``pairs`` pairs under each of the 24 rotations of the axes, and ``turns`` rotations by up to 180 degrees.

    Real brains where they are, synthetic ones elsewhere. What is compared is the Dice of labels that the alignment
    carries, nearest neighbour: after it every pair is registered alike.
    """
    name, heads = _heads(pairs + 1)
    axes, any_angle = Row("24 rotations of the axes", name), Row("rotations by up to 180 degrees", name)
    straight = {index: _dice(heads[index], heads[index + 1]) for index in range(pairs)}
    for index in range(pairs):
        for number, rotation in enumerate(axis_rotations()):
            _try(
                axes, heads[index : index + 2], rotation, straight[index], f"pair {index}, rotation {number}"
            )
    for number in range(turns):
        index = number % pairs
        axis = np.array([rng.gauss(0, 1) for _ in range(3)])
        rotation = Rotation.from_rotvec(axis / np.linalg.norm(axis) * rng.uniform(0, np.pi)).as_matrix()
        _try(any_angle, heads[index : index + 2], rotation, straight[index], f"pair {index}, turn {number}")
    return [axes, any_angle]


def _try(row: Row, pair: Sequence[Head], rotation: NDArray[np.float64], wanted: float, what: str) -> None:
    row.tried += 1
    try:
        found = _dice(pair[0].turned(rotation), pair[1])
    except ContregError as error:
        row.miss("lost", f"{what}: {error}")
        return
    if abs(found - wanted) > _WITHIN:
        row.miss("silently_wrong", f"{what}: Dice {found:.3f}, straight {wanted:.3f}")


def _dice(moving: Head, fixed: Head) -> float:
    stage = rough_stage(moving.brain, fixed.brain, "affine", FINE_MM)
    onto = np.linalg.inv(moving.labels.affine) @ stage @ fixed.labels.affine
    truth = fixed.labels.array
    carried = resample_to(replace(moving.labels, affine=np.eye(4)), Grid(onto, truth.shape), 0)
    pairs = [(carried == label, truth == label) for label in np.unique(truth)[1:]]
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]))


def _heads(count: int) -> tuple[str, list[Head]]:
    lpba40 = Lpba40(SOURCE)
    real = lpba40.found is not None
    cohort: Cohort = lpba40 if real else Synthetic(subjects=count, size=(80, 96, 80), spacing=2.0)
    return ("LPBA40" if real else "synthetic brains"), list(_read(cohort, count))


def _read(cohort: Cohort, count: int) -> Iterator[Head]:
    for scan in sorted(cohort.scans(), key=lambda scan: scan.id)[:count]:
        yield _coarse(cohort.load(scan))


def _coarse(scan: LoadedScan) -> Head:
    assert scan.labels is not None
    image = image_to_spacing(scan.image, _EDGE_MM, "linear")
    return Head(find_brain(image), labels_to_spacing(scan.labels, _EDGE_MM / 2))
