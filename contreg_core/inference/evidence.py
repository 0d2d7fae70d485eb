"""Signs of a right answer that a more flexible map does not raise.

A map that bends enough makes anything alike: noise in the shape of a brain reaches a correlation of 0.9. What it cannot
do is make the images agree beforehand, fill a hole that one brain has and the other has not, or get there with little
work. All is measured on means over cells of about 4 mm of an adult brain, so it costs next to nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core.evaluation.edges import edge_agreement
from contreg_core.evaluation.folding import jacobian_determinant
from contreg_core.inference.images import GriddedBrain
from contreg_core.volume import spacing

CELL_MM = 4.0
_LEAST_DETERMINANT = 1e-3
_EMPTY = 0.5
"""Share of a cell that one brain has more of than the other."""
_EDGES_BEFORE, _LESS = 0.25, 0.05
_GAP_MM = 8.0
_STRETCH = 0.55


@dataclass(frozen=True)
class Evidence:
    """``edges_before`` and ``edges_after`` deforming, both after the affine stage: agreement of the edges of the two
    brains, 1 where they are the same, 0 where they have nothing to do with each other, negative where the contrasts are
    inverted; NaN where the brains share too little.

    ``missing_mm`` and ``surplus_mm``: radius of the largest ball of the fixed brain where the aligned moving brain is
    empty, and the other way round; of an adult's brain. ``stretch``: mean of ``|log det J|`` inside the fixed brain.
    ``bending``: mean of the squared second derivatives of the displacement there, in 1 / mm^2 of an adult's brain.
    """

    edges_before: float
    edges_after: float
    missing_mm: float
    surplus_mm: float
    stretch: float
    bending: float

    def warnings(self) -> tuple[str, ...]:
        """What a person should look at."""
        return tuple(text for bad, text in self._checks() if bad)

    def _checks(self) -> Iterator[tuple[bool, str]]:
        """(is it bad, what to say): limits between right and wrong pairs, see the documentation."""
        yield (
            self.edges_before < _EDGES_BEFORE,
            f"the edges of the two brains hardly agree after the affine stage ({self.edges_before:.2f} of 1, right "
            "pairs 0.3 or more): one may be turned, of another contrast, or no brain; look at both images",
        )
        yield (
            self.edges_after < self.edges_before - _LESS,
            f"the map made the edges of the two brains agree less: {self.edges_before:.2f} to {self.edges_after:.2f}",
        )
        yield _gap(self.missing_mm, "moving", "fixed")
        yield _gap(self.surplus_mm, "fixed", "moving")
        yield (
            self.stretch > _STRETCH,
            f"the map stretches and squeezes more than two brains need (mean |log J| {self.stretch:.2f}, right pairs "
            "0.45 or less): do not trust volumes; look at the warped image",
        )


def _gap(radius: float, empty: str, full: str) -> tuple[bool, str]:
    return radius > _GAP_MM, (
        f"the {empty} brain is empty where the {full} brain has a piece {2 * radius:.0f} mm thick or more (a hole, a "
        "part cut off, or another mask): do not trust the map there; look at both masks"
    )


def evidence(
    moving: GriddedBrain,
    fixed: GriddedBrain,
    warped: GriddedBrain,
    displacement: NDArray[np.float32],
) -> Evidence:
    """The signs of ``displacement`` ``(3, *space)``, in voxels of the grid that all three images are on."""
    lengths = tuple(length / fixed.scale for length in spacing(fixed.grid.affine))
    cell = tuple(max(1, round(CELL_MM / length)) for length in lengths)
    edges = tuple(count * length for count, length in zip(cell, lengths, strict=True))
    before, truth, after = (_cells(brain, cell) for brain in (moving, fixed, warped))
    return Evidence(
        edge_agreement(before.image, truth.image, before.whole(truth), edges),
        edge_agreement(after.image, truth.image, after.whole(truth), edges),
        _widest(truth.share, before.share, edges),
        _widest(before.share, truth.share, edges),
        _stretch(displacement, fixed.mask),
        _bending(_means(displacement, cell), truth.share > 0.5, lengths, edges),
    )


@dataclass(frozen=True)
class _Cells:
    """Mean intensity of every cell, and the share of it that is brain."""

    image: NDArray[np.float32]
    share: NDArray[np.float32]

    def whole(self, other: "_Cells") -> NDArray[np.bool_]:
        """Where cells are brain in both, to the last voxel."""
        return np.asarray(np.minimum(self.share, other.share) > 1 - 1e-3)


def _cells(brain: GriddedBrain, cell: tuple[int, ...]) -> _Cells:
    image, share = _means(np.stack([brain.image, brain.mask.astype(np.float32)]), cell)
    return _Cells(image, share)


def _means(channels: NDArray[np.float32], cell: tuple[int, ...]) -> NDArray[np.float32]:
    """``(C, *space)`` on cells; those at the far border may hold fewer voxels."""
    pooled = F.avg_pool3d(torch.from_numpy(channels), cell, ceil_mode=True, count_include_pad=False)
    result: NDArray[np.float32] = pooled.numpy()
    return result


def _widest(brain: NDArray[np.float32], other: NDArray[np.float32], edges: tuple[float, ...]) -> float:
    """Radius in mm of the largest ball inside one brain that the other leaves empty, less up to a cell.

    The next cell's centre lies half a cell beyond the ball.
    """
    alone = np.pad(brain - other > _EMPTY, 1)
    return max(0.0, float(ndimage.distance_transform_edt(alone, edges).max()) - min(edges) / 2)


def _stretch(displacement: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    determinant = jacobian_determinant(displacement)[inside]
    return float(np.abs(np.log(np.maximum(determinant, _LEAST_DETERMINANT))).mean())


def _bending(
    displacement: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lengths: tuple[float, ...],
    edges: tuple[float, ...],
) -> float:
    """The integrand of Rueckert et al. (1999): all nine second derivatives, squared, summed over the components."""
    total = np.zeros(inside.shape, np.float32)
    for component, length in zip(displacement, lengths, strict=True):
        for slope in np.gradient(component * np.float32(length), *edges):
            total += sum(np.square(bend) for bend in np.gradient(slope, *edges))
    return float(total[inside].mean())
