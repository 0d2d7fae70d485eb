"""Two methods on the same pairs: how far apart they are, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import UsageError
from contreg_core.evaluation.bootstrap import bootstrap_interval, paired_test
from contreg_core.evaluation.overlap import mean_present
from contreg_core.evaluation.score import PairScore

Pair = tuple[str, str]
"""(moving, fixed) scan."""


@dataclass(frozen=True)
class Comparison:
    """Mean difference of Dice over ``pairs`` pairs, its 95 % interval, and a two-sided p-value.

    The interval draws subjects, so it holds where pairs share people. The p-value (Wilcoxon signed-rank, of the mean
    over regions of every pair) takes pairs as independent, and is then too small: read the interval first.
    """

    difference: float
    low: float
    high: float
    p_value: float
    pairs: int


def compare_scores(scores: Sequence[PairScore], baseline: Sequence[PairScore], headline: str) -> Comparison:
    """``scores`` minus ``baseline`` on the pairs both have; ``headline`` is ``fused`` or ``labelmean``.

    The difference is the mean over pairs, then the unweighted mean over regions, as in ``summarise``. Raises
    ``UsageError`` where the two have no pair in common.
    """
    pairs = shared_pairs([scores, baseline])
    if not pairs:
        raise UsageError("no pair is in both evaluations", "evaluate both on the same split")
    one, other = (_by_pair(group) for group in (scores, baseline))
    regions = list(dict.fromkeys(name for pair in pairs for name in one[pair].dice(headline)))
    difference = np.array(
        [_row(one[pair], regions, headline) - _row(other[pair], regions, headline) for pair in pairs]
    ).reshape(len(pairs), len(regions))
    interval = bootstrap_interval(difference, [one[pair].subjects for pair in pairs])
    test = paired_test([mean_present(row) for row in difference], np.zeros(len(pairs)).tolist())
    return Comparison(interval.mean, interval.low, interval.high, test.p_value, len(pairs))


def shared_pairs(groups: Sequence[Sequence[PairScore]]) -> list[Pair]:
    """The pairs that every group has, in the order of the first."""
    others = [_by_pair(group).keys() for group in groups[1:]]
    return [pair for pair in _by_pair(groups[0]) if all(pair in other for other in others)] if groups else []


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (Holm 1979) in the given order; NaN stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    ranked = sorted((value, place) for place, value in enumerate(p_values) if not math.isnan(value))
    adjusted, least = [math.nan] * len(p_values), 0.0
    for rank, (value, place) in enumerate(ranked):
        least = max(least, min(1.0, value * (len(ranked) - rank)))
        adjusted[place] = least
    return adjusted


def _by_pair(scores: Sequence[PairScore]) -> dict[Pair, PairScore]:
    return {(score.moving, score.fixed): score for score in scores}


def _row(score: PairScore, regions: Sequence[str], headline: str) -> NDArray[np.float64]:
    dice = score.dice(headline)
    return np.array([dice.get(name, math.nan) for name in regions])
