"""The scores of all pairs made one summary that JSON can hold: what ``evaluate --json`` prints."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from contreg_core.cohort import Protocol
from contreg_core.evaluation.bootstrap import Interval, bootstrap_interval
from contreg_core.evaluation.overlap import foreground, mean_present
from contreg_core.evaluation.sampled import pooled
from contreg_core.evaluation.score import PairScore

Summary: TypeAlias = dict[str, Any]
Values: TypeAlias = Callable[[PairScore], dict[Any, float]]


def summarise(scores: Sequence[PairScore], protocol: Protocol) -> Summary:
    """Mean over pairs, then unweighted mean over regions or labels (protocols.md); NaN becomes None.

    Pairs of a subject with itself are left out and counted in ``left_out``, unless the protocol has them;
    then ``distinct`` holds the Dice without them. Intervals are [low, high] at 95 %, subjects resampled.
    Where pairs were sampled, ``samples``, ``uncertainty_mm`` and ``calibration`` are of all their voxels together.
    """
    used = [score for score in scores if protocol.identity_pairs or not score.identity]
    summary = {
        "protocol": protocol.name,
        "headline": protocol.headline,
        "pairs": len(used),
        "identity_pairs": sum(score.identity for score in used),
        "left_out": len(scores) - len(used),
        **_dice(used, protocol),
        **_intervals(used, protocol),
        "regions": {name: _region(used, name) for name in protocol.regions},
        "labels": {str(label): _mean(used, _label(label)) for label in foreground(protocol.labels)},
        "initial": _initial(used, protocol),
        **_scalars(used),
        **_sampled(used),
    }
    if any(score.identity for score in used):
        summary["distinct"] = _dice([score for score in used if not score.identity], protocol)
    return {key: _jsonable(value) for key, value in summary.items()}


def _dice(scores: Sequence[PairScore], protocol: Protocol) -> Summary:
    fused = _over(scores, protocol.regions, lambda score: score.dice_fused)
    labelmean = _over(scores, protocol.regions, lambda score: score.dice_labelmean)
    return {
        "dice": fused if protocol.headline == "fused" else labelmean,
        "dice_fused": fused,
        "dice_labelmean": labelmean,
        "dice_labels": _over(scores, foreground(protocol.labels), lambda score: score.dice_label),
    }


def _initial(scores: Sequence[PairScore], protocol: Protocol) -> Summary:
    return {
        "dice_fused": _over(scores, protocol.regions, lambda score: score.initial_fused),
        "dice_labelmean": _over(scores, protocol.regions, lambda score: score.initial_labelmean),
        "dice_labels": _over(scores, foreground(protocol.labels), lambda score: score.initial_label),
    }


def _intervals(scores: Sequence[PairScore], protocol: Protocol) -> Summary:
    regions, labels = list(protocol.regions), foreground(protocol.labels)
    return {
        "dice_fused_interval": _interval(scores, regions, lambda score: score.dice_fused),
        "dice_labelmean_interval": _interval(scores, regions, lambda score: score.dice_labelmean),
        "dice_labels_interval": _interval(scores, labels, lambda score: score.dice_label),
    }


def _region(scores: Sequence[PairScore], name: str) -> Summary:
    return {
        "fused": _mean(scores, lambda score: score.dice_fused.get(name, math.nan)),
        "fused_interval": _interval(scores, [name], lambda score: score.dice_fused),
        "labelmean": _mean(scores, lambda score: score.dice_labelmean.get(name, math.nan)),
        "labelmean_interval": _interval(scores, [name], lambda score: score.dice_labelmean),
        "initial_fused": _mean(scores, lambda score: score.initial_fused.get(name, math.nan)),
        "initial_labelmean": _mean(scores, lambda score: score.initial_labelmean.get(name, math.nan)),
    }


def _scalars(scores: Sequence[PairScore]) -> Summary:
    peaks = [score.peak_memory_mib for score in scores if not math.isnan(score.peak_memory_mib)]
    return {
        "folding_percent": _mean(scores, lambda score: score.folding_percent),
        "folding_percent_mask": _mean(scores, lambda score: score.folding_percent_mask),
        "sdlogj": _mean(scores, lambda score: score.sdlogj),
        "hd95_mm": _mean(scores, lambda score: score.hd95),
        "assd_mm": _mean(scores, lambda score: score.assd),
        "surface_missing": sum(score.surface_missing for score in scores),
        "similarity": _mean(scores, lambda score: score.similarity),
        "seconds": _mean(scores, lambda score: score.seconds),
        "peak_memory_mib": max(peaks, default=math.nan),
    }


def _sampled(scores: Sequence[PairScore]) -> Summary:
    drawn = [score for score in scores if score.sampled]
    return pooled([score.sampled for score in drawn if score.sampled], [score.subjects for score in drawn])


def _label(label: int) -> Callable[[PairScore], float]:
    return lambda score: score.dice_label.get(label, math.nan)


def _mean(scores: Sequence[PairScore], value: Callable[[PairScore], float]) -> float:
    return mean_present(value(score) for score in scores)


def _over(scores: Sequence[PairScore], keys: Iterable[Any], values: Values) -> float:
    """Mean over pairs of every key, then unweighted mean over keys."""
    return mean_present(mean_present(values(score).get(key, math.nan) for score in scores) for key in keys)


def _interval(scores: Sequence[PairScore], keys: Sequence[Any], values: Values) -> list[float]:
    if not scores or not keys:
        return [math.nan, math.nan]
    table = np.array([[values(score).get(key, math.nan) for key in keys] for score in scores])
    interval: Interval = bootstrap_interval(table, [score.subjects for score in scores])
    return [interval.low, interval.high]


def _jsonable(value: Any) -> Any:
    """The same tree with None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
