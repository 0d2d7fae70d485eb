"""How sure a mean over pairs is: percentile bootstrap intervals, and a paired test of two methods.

Pairs that share a subject are not independent: 380 ordered pairs come from 20 people. With ``subjects``
given the *people* are drawn with replacement, and a pair counts as often as its moving subject was drawn
times its fixed subject (the vertex bootstrap of Snijders and Borgatti 1999; Owen 2007 for the product
weights). Without, every pair is drawn for itself, which is right only where no subject is in two pairs and
gives far too narrow intervals elsewhere.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import UsageError

Subjects = Sequence[tuple[str, str]]
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Weights ``(resamples, pairs)`` of the pairs -> ``(resamples,)``; NaN where they leave nothing to say."""
_BLOCK = 1000  # resamples at a time


@dataclass(frozen=True)
class Interval:
    """A mean (or what else was asked for) and its interval, NaN where there is too little to resample."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedTest:
    """Mean of ``a - b`` over ``pairs`` pairs, and the two-sided p-value of the signed-rank test."""

    difference: float
    p_value: float
    pairs: int


def bootstrap_interval(
    values: NDArray[Any] | Sequence[float],
    subjects: Subjects | None = None,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of a mean over pairs; the same seed gives the same interval.

    ``values`` is ``(pairs,)``, or ``(pairs, columns)`` for the unweighted mean over columns (regions) of
    the mean over pairs. NaN is skipped. ``subjects`` are the (moving, fixed) subjects of every pair. Fewer
    than two pairs, or fewer than three subjects, give an interval of NaN.
    """
    table = np.asarray(values, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    _check(table, subjects, level)
    present = ~np.isnan(table)
    filled = np.where(present, table, 0.0)
    return bootstrap(
        lambda weights: _mean(weights, filled, present),
        len(table),
        subjects,
        level=level,
        resamples=resamples,
        seed=seed,
    )


def bootstrap(
    statistic: Statistic,
    pairs: int,
    subjects: Subjects | None = None,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """The statistic of all ``pairs``, each once, and its percentile interval, as ``bootstrap_interval`` has a mean."""
    found = float(statistic(np.ones((1, pairs)))[0])
    if pairs < 2 or (subjects is not None and len(_people(subjects)) < 3):
        return Interval(found, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    drawn = [statistic(weights) for weights in _weights(rng, pairs, subjects, resamples)]
    low, high = _percentiles(np.concatenate(drawn), level)
    return Interval(found, low, high)


def paired_test(a: Sequence[float], b: Sequence[float]) -> PairedTest:
    """Wilcoxon signed-rank test of two methods on the same pairs; pairs with a NaN are left out.

    It takes pairs as independent. Where pairs share subjects the p-value is too small; look at the interval
    of the differences, ``bootstrap_interval(a - b, subjects)``, too.
    """
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    difference = difference[~np.isnan(difference)]
    mean = float(difference.mean()) if difference.size else math.nan
    return PairedTest(mean, _signed_rank(difference), int(difference.size))


def _signed_rank(difference: NDArray[np.float64]) -> float:
    if not np.any(difference):  # nothing to rank: no evidence of a difference
        return 1.0 if difference.size else math.nan
    from scipy.stats import wilcoxon

    return float(wilcoxon(difference).pvalue)


def _people(subjects: Subjects) -> list[str]:
    return sorted({person for pair in subjects for person in pair})


def _weights(
    rng: np.random.Generator, pairs: int, subjects: Subjects | None, resamples: int
) -> Iterator[NDArray[np.float64]]:
    """Blocks ``(resamples, pairs)`` of how often each pair counts."""
    people = [] if subjects is None else _people(subjects)
    number = {person: k for k, person in enumerate(people)}
    ends = np.array([[number[moving], number[fixed]] for moving, fixed in subjects or ()], np.intp)
    units = pairs if subjects is None else len(people)
    for start in range(0, resamples, _BLOCK):
        size = min(_BLOCK, resamples - start)
        counts = rng.multinomial(units, np.full(units, 1 / units), size=size).astype(np.float64)
        yield counts if subjects is None else counts[:, ends[:, 0]] * counts[:, ends[:, 1]]


def _mean(
    weights: NDArray[np.float64], filled: NDArray[np.float64], present: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Weighted mean over pairs, then mean over the columns that have any weight; NaN where none has."""
    total = weights @ present.astype(np.float64)
    columns = np.divide(weights @ filled, total, out=np.zeros_like(total), where=total > 0)
    used = np.count_nonzero(total > 0, axis=1)
    means: NDArray[np.float64] = np.full(len(used), np.nan)
    np.divide(columns.sum(axis=1), used, out=means, where=used > 0)
    return means


def _percentiles(means: NDArray[np.float64], level: float) -> tuple[float, float]:
    # A draw of one person over and over has no pair of distinct people: it says nothing and is left out.
    means = means[~np.isnan(means)]
    if not means.size:
        return math.nan, math.nan
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def _check(table: NDArray[np.float64], subjects: Subjects | None, level: float) -> None:
    if not 0 < level < 1:
        raise UsageError(f"level {level} found, expected a number between 0 and 1", "use 0.95")
    if subjects is not None and len(subjects) != len(table):
        raise UsageError(
            f"{len(table)} values but {len(subjects)} pairs of subjects", "give one pair per value"
        )
