"""A brain in cells of some millimetres: little enough to try many positions of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_core.inference.images import Brain
from contreg_core.transform.world import Affine
from contreg_core.volume import spacing

_DARKEST = 0.2
"""Where the darkest of a brain goes: off the background, so that its border is something to compare as well."""
_RANGE = (1.0, 99.0)
_MARGIN = 2
"""Empty cells around a brain."""


@dataclass(frozen=True)
class Cells:
    """Means over cells along the brain's own axes: ``image`` ``(*space)``, 0 outside and 0.2 to 1 inside the brain;
    ``inside``, the share of each that is brain; ``affine``, cells to RAS mm.
    """

    image: NDArray[np.float32]
    inside: NDArray[np.float32]
    affine: Affine

    @classmethod
    def of(cls, brain: Brain, edge: float) -> "Cells":
        """Cells of whole voxels, as near to ``edge`` mm as these allow."""
        index = [np.flatnonzero(brain.mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
        low = np.array([where[0] for where in index])
        box = tuple(slice(where[0], where[-1] + 1) for where in index)
        inside = brain.mask[box]
        image = _levelled(brain.volume.array[box], inside)
        local = np.eye(4)
        local[:3, 3] = low
        return cls(image, inside.astype(np.float32), brain.volume.affine @ local).merged(edge)

    def merged(self, edge: float) -> "Cells":
        """Larger cells, as near to ``edge`` mm as these allow."""
        many = [max(1, round(edge / length)) for length in spacing(self.affine)]
        local = np.diag([*many, 1.0])
        local[:3, 3] = (np.array(many) - 1) / 2
        return Cells(_means(self.image, many), _means(self.inside, many), self.affine @ local)

    def padded(self) -> "Cells":
        """With two empty cells around."""
        local = np.eye(4)
        local[:3, 3] = -_MARGIN
        return Cells(np.pad(self.image, _MARGIN), np.pad(self.inside, _MARGIN), self.affine @ local)

    def points(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """World positions ``(N, 3)`` of the cells where ``chosen``."""
        places: NDArray[np.float64] = np.argwhere(chosen) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return places

    def centre(self) -> NDArray[np.float64]:
        """The brain's centre in the world."""
        return self._moments()[0]

    def axes(self) -> NDArray[np.float64]:
        """Its principal axes as columns, the shortest first, right-handed."""
        _, vectors = np.linalg.eigh(self._moments()[1])
        vectors[:, 0] *= np.sign(np.linalg.det(vectors))
        return vectors

    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        places = self.points(self.inside > 0)
        weights = self.inside[self.inside > 0].astype(np.float64)
        centre = weights @ places / weights.sum()
        apart = places - centre
        return centre, (weights[:, None] * apart).T @ apart / weights.sum()


def _levelled(array: NDArray[np.generic], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Intensities of whatever scale as 0.2 to 1 inside and 0 outside."""
    image = array.astype(np.float32)
    some = image[::2, ::2, ::2][inside[::2, ::2, ::2]]
    low, high = np.percentile(some if some.size else image[inside], _RANGE)
    width = (1 - _DARKEST) / (high - low) if high > low else 0.0
    image = np.clip((image - np.float32(low)) * np.float32(width), 0, 1 - _DARKEST)
    return np.where(inside, image + np.float32(_DARKEST), np.float32(0))


def _means(array: NDArray[np.float32], many: list[int]) -> NDArray[np.float32]:
    """Means over blocks of ``many`` elements; what is missing at the end counts as 0."""
    missing = [(0, -size % count) for size, count in zip(array.shape, many, strict=True)]
    whole = np.pad(array, missing) if np.any(missing) else array
    for axis, count in enumerate(many):
        parts = [whole[(slice(None),) * axis + (slice(start, None, count),)] for start in range(count)]
        whole = sum(parts[1:], parts[0]) / np.float32(count) if count > 1 else whole
    return whole
