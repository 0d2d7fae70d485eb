"""The scores of predicted classes under a protocol: of each image once, then beside every pair it is the fixed of."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.classes import LabelClass
from contreg_core.cohort import Protocol
from contreg_core.evaluation.overlap import confusion, foreground, mean_present
from contreg_core.evaluation.score import PairScore, counted, label_dice
from contreg_core.evaluation.surface import surface_distances


@dataclass(frozen=True)
class LabelScore:
    """As in a ``PairScore``. A region or label that the classes cannot tell has no entry."""

    dice_fused: dict[str, float]
    dice_labelmean: dict[str, float]
    dice_label: dict[int, float]
    hd95: float = math.nan
    assd: float = math.nan
    surface_missing: int = 0


def score_labels(
    predicted: NDArray[Any],
    truth: NDArray[Any],
    classes: Sequence[LabelClass],
    protocol: Protocol,
    spacing: Sequence[float] | None = None,
) -> LabelScore:
    """Compare class numbers ``(*space)`` (0 background) with a label map; distances only where ``spacing`` is given.

    A region is scored where some of the classes make up exactly its labels, a label where it is a class by itself.
    """
    truth = protocol.merged(truth)
    # A class of many labels is written as its first: a union of labels does not care which.
    ids = np.array([0, *(one.labels[0] for one in classes)], truth.dtype)[predicted]
    single = {one.labels[0] for one in classes if len(one.labels) == 1}
    regions = {name: labels for name, labels in protocol.regions.items() if _made_up(labels, classes)}
    split = {name: labels for name, labels in regions.items() if set(foreground(labels)) <= single}
    labels = tuple(label for label in foreground(protocol.labels) if label in single)
    counts = confusion(ids, truth, (*labels, *(label for region in regions.values() for label in region)))
    dice = counts.label_dice()
    score = (
        counts.fused_dice(regions),
        counts.labelmean_dice(split),
        {label: dice[label] for label in labels},
    )
    if spacing is None or not labels:
        return LabelScore(*score)
    surface = surface_distances(ids, truth, labels, spacing)
    distances = mean_present(surface.hd95.values()), mean_present(surface.assd.values())
    return LabelScore(*score, *distances, len(surface.missing))


def beside(
    score: LabelScore,
    moving_labels: NDArray[Any],
    fixed_labels: NDArray[Any],
    protocol: Protocol,
    *,
    moving: str,
    fixed: str,
    moving_subject: str = "",
    fixed_subject: str = "",
    seconds: float = math.nan,
    peak_memory_mib: float = math.nan,
) -> PairScore:
    """The score of a segmented fixed image as that of one pair, beside the pair's Dice before registration."""
    before = confusion(protocol.merged(moving_labels), protocol.merged(fixed_labels), counted(protocol))
    return PairScore(
        moving=moving,
        fixed=fixed,
        moving_subject=moving_subject,
        fixed_subject=fixed_subject,
        dice_fused=score.dice_fused,
        dice_labelmean=score.dice_labelmean,
        dice_label=score.dice_label,
        initial_fused=before.fused_dice(protocol.regions),
        initial_labelmean=before.labelmean_dice(protocol.regions),
        initial_label=label_dice(before, protocol),
        hd95=score.hd95,
        assd=score.assd,
        surface_missing=score.surface_missing,
        seconds=seconds,
        peak_memory_mib=peak_memory_mib,
    )


def _made_up(labels: Iterable[int], classes: Sequence[LabelClass]) -> bool:
    wanted = set(foreground(labels))
    parts = [set(one.labels) for one in classes if set(one.labels) <= wanted]
    return wanted == set().union(*parts)
