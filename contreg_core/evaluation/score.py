"""The scores of one pair under a protocol."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.cohort import Protocol
from contreg_core.errors import DataError
from contreg_core.evaluation.folding import regularity
from contreg_core.evaluation.overlap import Confusion, confusion, mean_present
from contreg_core.evaluation.sampled import Sampled
from contreg_core.evaluation.similarity import ncc
from contreg_core.evaluation.surface import surface_distances
from contreg_core.labels import LabelMode, warp_labels


@dataclass(frozen=True, kw_only=True)
class PairScore:
    """One evaluated pair. Dice in [0, 1] by region name or label id, NaN where absent in both maps.

    ``hd95`` and ``assd`` are means over labels in mm; ``surface_missing`` counts labels absent in one map,
    which those means leave out. ``initial_*`` is the Dice before registration. ``folding_percent`` is over
    the whole grid, ``folding_percent_mask`` inside the mask. ``similarity`` is the NCC of warped and fixed
    image. What was not measured is NaN. ``moving`` and ``fixed`` name scans; the subjects, if not given,
    are the scans. ``sampled`` is there where samples of the registration were drawn; they change nothing else.
    """

    moving: str
    fixed: str
    moving_subject: str = ""
    fixed_subject: str = ""
    dice_fused: dict[str, float]
    dice_labelmean: dict[str, float]
    dice_label: dict[int, float]
    initial_fused: dict[str, float] = field(default_factory=dict)
    initial_labelmean: dict[str, float] = field(default_factory=dict)
    initial_label: dict[int, float] = field(default_factory=dict)
    hd95: float = math.nan
    assd: float = math.nan
    surface_missing: int = 0
    folding_percent: float = math.nan
    folding_percent_mask: float = math.nan
    sdlogj: float = math.nan
    similarity: float = math.nan
    seconds: float = math.nan
    peak_memory_mib: float = math.nan
    sampled: Sampled | None = None

    @property
    def subjects(self) -> tuple[str, str]:
        """(moving, fixed) subject."""
        return self.moving_subject or self.moving, self.fixed_subject or self.fixed

    def dice(self, headline: str) -> dict[str, float]:
        """By region: of ``fused`` regions, or the mean over their labels (``labelmean``)."""
        return self.dice_fused if headline == "fused" else self.dice_labelmean

    @property
    def identity(self) -> bool:
        """Whether a subject was registered to itself."""
        return self.subjects[0] == self.subjects[1]


def score_pair(
    moving_labels: NDArray[Any],
    fixed_labels: NDArray[Any],
    displacement: NDArray[np.float32],
    spacing: Sequence[float],
    protocol: Protocol,
    *,
    moving: str,
    fixed: str,
    moving_subject: str = "",
    fixed_subject: str = "",
    label_mode: LabelMode = "linear",
    mask: NDArray[np.bool_] | None = None,
    warped: NDArray[Any] | None = None,
    fixed_image: NDArray[Any] | None = None,
    seconds: float = math.nan,
    peak_memory_mib: float = math.nan,
) -> PairScore:
    """Carry the moving label map ``(*space)`` onto the fixed grid and compare it with the fixed label map.

    ``displacement`` is ``(ndim, *space)`` in voxels of the fixed grid, ``spacing`` its voxel size in mm.
    Which of two scans is moving (protocols.md) is the caller's choice. ``warped`` and ``fixed_image`` are
    compared where both are given, inside ``mask``. Raises ``DataError`` for arrays that are not on one
    grid.
    """
    _check(moving_labels, fixed_labels)
    moving_labels, fixed_labels = protocol.merged(moving_labels), protocol.merged(fixed_labels)
    prediction = warp_labels(moving_labels, displacement, label_mode)
    labels = counted(protocol)
    after, before = (confusion(each, fixed_labels, labels) for each in (prediction, moving_labels))
    surface = surface_distances(prediction, fixed_labels, protocol.labels, spacing)
    smooth = regularity(displacement, mask)
    return PairScore(
        moving=moving,
        fixed=fixed,
        moving_subject=moving_subject,
        fixed_subject=fixed_subject,
        dice_fused=after.fused_dice(protocol.regions),
        dice_labelmean=after.labelmean_dice(protocol.regions),
        dice_label=label_dice(after, protocol),
        initial_fused=before.fused_dice(protocol.regions),
        initial_labelmean=before.labelmean_dice(protocol.regions),
        initial_label=label_dice(before, protocol),
        hd95=mean_present(surface.hd95.values()),
        assd=mean_present(surface.assd.values()),
        surface_missing=len(surface.missing),
        folding_percent=smooth.percent,
        folding_percent_mask=smooth.percent_mask,
        sdlogj=smooth.sdlogj,
        similarity=math.nan if warped is None or fixed_image is None else ncc(warped, fixed_image, mask),
        seconds=seconds,
        peak_memory_mib=peak_memory_mib,
    )


def counted(protocol: Protocol) -> tuple[int, ...]:
    """Labels scored one by one, and those that only regions name."""
    return (*protocol.labels, *(label for labels in protocol.regions.values() for label in labels))


def label_dice(counts: Confusion, protocol: Protocol) -> dict[int, float]:
    """Dice of every label the protocol scores, background left out."""
    dice = counts.label_dice()
    return {label: dice[label] for label in protocol.labels if label in dice}


def _check(moving_labels: NDArray[Any], fixed_labels: NDArray[Any]) -> None:
    if moving_labels.shape != fixed_labels.shape:
        raise DataError(
            f"label maps {moving_labels.shape} (moving) and {fixed_labels.shape} (fixed), expected one grid",
            "prepare both scans with the same preprocessing",
        )
