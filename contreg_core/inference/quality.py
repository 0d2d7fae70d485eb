"""How good a registration looks without a reference: similarity, overlap, folding, size, inverse consistency."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core import spatial
from contreg_core.errors import DataError
from contreg_core.evaluation.folding import regularity
from contreg_core.evaluation.similarity import ncc
from contreg_core.inference.contrast import ONE_CONTRAST, Contrast
from contreg_core.inference.evidence import Evidence, evidence
from contreg_core.inference.images import GriddedBrain

_POOR_OVERLAP = 0.7
_POOR_RESULT = 0.8
_UNLIKE = 0.2
_LESS_ALIKE = 0.005
"""What resampling alone takes of an NCC: moving a 1 mm brain there and back by a tenth of a voxel took 0.004."""
_FOLDED_PERCENT = 0.5
_FAR_MM = 30.0
_APART_MM = 1.0
_STRANGE_PERCENT = 10.0
_RANGE = (0.5, 99.5)
_LEAST_OVERLAP = 0.3
_PERCENTILES = (50, 95, 99, 100)


@dataclass(frozen=True)
class Quality:
    """Figures on the working grid; millimetres inside the brain, folding in percent of voxels.

    ``ncc`` is inside the fixed brain, ``overlap`` the Dice of the two brain masks, each before and after.
    ``displacement_mm`` and ``inverse_error_mm`` (empty without an inverse) map "p50" ... "p100" to lengths.
    ``contrast`` is the relation of the intensities after the alignment; where they were mapped ``ncc`` is of the mapped
    image. ``out_of_range_percent`` is ``out_of_range``'s, where the image was warped on its own scale. ``scale`` is the
    fixed brain's: the mm that stand for one of an adult brain's. ``evidence`` does not grow with the map's flexibility.
    """

    ncc_before: float
    ncc_after: float
    overlap_before: float
    overlap_after: float
    folding_percent: float
    folding_percent_brain: float
    sdlogj: float
    displacement_mm: Mapping[str, float]
    inverse_error_mm: Mapping[str, float]
    out_of_range_percent: float = math.nan
    contrast: Contrast = ONE_CONTRAST
    scale: float = 1.0
    evidence: Evidence | None = None

    def warnings(self) -> tuple[str, ...]:
        """What a person should look at."""
        found = [self.contrast.warning] if self.contrast.warning else []
        if self.overlap_before < _POOR_OVERLAP:
            found.append(
                f"the brains overlap poorly before registration (Dice {self.overlap_before:.2f}): "
                "align them first (register --affine affine)"
            )
        if self.ncc_after < self.ncc_before - _LESS_ALIKE:
            found.append(f"the images became less alike: NCC {self.ncc_before:.3f} to {self.ncc_after:.3f}")
        own = () if self.evidence is None else self.evidence.warnings()
        return (*found, *own, *(text for bad, text in self._checks() if bad))

    def _checks(self) -> Iterator[tuple[bool, str]]:
        """(is it bad, what to say): limits no sound registration of two adult brains came near."""
        yield (
            self.overlap_after < _POOR_RESULT,
            f"the brains overlap poorly after registration (Dice {self.overlap_after:.2f}): look at the warped image",
        )
        yield self.ncc_after < _UNLIKE, f"the images are hardly alike afterwards: NCC {self.ncc_after:.3f}"
        yield (
            self.folding_percent_brain > _FOLDED_PERCENT,
            f"the map folds in {self.folding_percent_brain:.2f} % of the brain: do not trust volumes there",
        )
        yield (
            self.displacement_mm["p99"] > _FAR_MM * self.scale,
            f"a hundredth of the brain moves {self.displacement_mm['p99']:.3g} mm or more: look at the warped image",
        )
        yield (
            self.inverse_error_mm.get("p99", 0.0) > _APART_MM * self.scale,
            f"there and back misses by {self.inverse_error_mm.get('p99', 0.0):.2f} mm (99 %): use one direction only",
        )
        yield (
            self.out_of_range_percent > _STRANGE_PERCENT,
            f"{self.out_of_range_percent:.0f} % of the fixed brain got intensities the moving brain does not have",
        )


def assess(
    moving: GriddedBrain,
    fixed: GriddedBrain,
    warped: NDArray[np.float32],
    displacement: NDArray[np.float32],
    inverse: NDArray[np.float32] | None,
    contrast: Contrast = ONE_CONTRAST,
) -> Quality:
    """Quality of ``displacement`` ``(3, *space)``, voxels of the working grid that both images are on."""
    folded = regularity(displacement, fixed.mask)
    carried = _warp(moving.mask.astype(np.float32), displacement) > 0.5
    there = replace(fixed, image=warped, mask=carried)
    return Quality(
        ncc(moving.image, fixed.image, fixed.mask),
        ncc(warped, fixed.image, fixed.mask),
        overlap(moving.mask, fixed.mask),
        overlap(carried, fixed.mask),
        folded.percent,
        folded.percent_mask,
        folded.sdlogj,
        _lengths(displacement, fixed),
        {} if inverse is None else _lengths(_there_and_back(displacement, inverse), moving),
        scale=fixed.scale,
        contrast=contrast,
        evidence=evidence(moving, fixed, there, displacement),
    )


def out_of_range(
    warped: NDArray[np.generic], inside: NDArray[np.bool_], moving: NDArray[np.generic]
) -> float:
    """Percent of the fixed brain (``inside``) with warped intensities beyond nearly all (99 %) of the moving brain's.

    Both images on the moving image's own scale, ``moving`` the values inside its brain. What is beyond is mostly
    background: the moving brain does not reach there.
    """
    low, high = np.percentile(moving.astype(np.float32), _RANGE)
    values = warped[inside]
    return float(100 * ((values < low) | (values > high)).mean())


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Dice of two masks of one grid; 0 where both are empty."""
    total = int(first.sum() + second.sum())
    return 2 * int((first & second).sum()) / total if total else 0.0


def require_overlap(moving: NDArray[np.bool_], fixed: NDArray[np.bool_]) -> None:
    """Refuse brains that lie apart: no deformable model brings them together. Raises ``DataError``."""
    shared = overlap(moving, fixed)
    if shared < _LEAST_OVERLAP:
        raise DataError(
            f"the brains hardly overlap in world space (Dice {shared:.2f}, expected {_LEAST_OVERLAP} at least)",
            "check both headers, or align the images first (register --affine affine)",
        )


def _lengths(displacement: NDArray[np.float32], brain: GriddedBrain) -> dict[str, float]:
    inside = brain.grid.affine[:3, :3] @ displacement[:, brain.mask]
    return percentiles(np.linalg.norm(inside, axis=0))


def percentiles(lengths: NDArray[np.floating[Any]]) -> dict[str, float]:
    """ "p50" ... "p100" of lengths in mm, to 0.1 micrometre."""
    values = np.percentile(lengths, _PERCENTILES)
    return {f"p{p}": round(float(value), 4) for p, value in zip(_PERCENTILES, values, strict=True)}


def _there_and_back(forward: NDArray[np.float32], inverse: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is left after the inverse and then the forward map, on the moving grid."""
    left = spatial.compose(torch.from_numpy(forward)[None], torch.from_numpy(inverse)[None])
    result: NDArray[np.float32] = left[0].numpy()
    return result


def _warp(image: NDArray[np.float32], displacement: NDArray[np.float32]) -> NDArray[np.float32]:
    warped = spatial.warp(torch.from_numpy(image)[None, None], torch.from_numpy(displacement)[None])
    result: NDArray[np.float32] = warped[0, 0].numpy()
    return result
