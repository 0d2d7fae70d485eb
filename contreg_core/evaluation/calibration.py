"""Whether the labels' probabilities mean what they say: of voxels held for a label by 80 %, are 80 % of it?

The probability of a label at a voxel is its share of N sampled label maps. The label with most votes is the answer
(ties go to the lowest id, as in fusing) and its share the confidence. What counts is every voxel where the true label
or any sample's label is not background: the brain and all that a sample takes for it. The expected calibration error
is the mean over these voxels of how far the accuracy of their bin lies from its mean confidence (Guo et al. 2017,
equal-width bins), the maximum calibration error that of the worst bin. The Brier score is the mean over voxels of the
squared distance of all probabilities from the truth, 0 to 2 (Brier 1950). The negative log-likelihood is not given: it
is infinite as soon as one voxel's true label is in no sample; ``missed`` counts these.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.evaluation.overlap import check_maps, foreground

BINS = 15
"""As in Guo et al. 2017; with no more samples than bins every confidence has a bin of its own."""
_BLOCK = 2**15  # voxels looked at together


@dataclass(frozen=True)
class Bin:
    """Confidence above ``low`` up to ``high``: how many voxels, their mean confidence, the share that is right."""

    low: float
    high: float
    voxels: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """Sums over voxels, exact, so that those of two images added are those of their voxels together.

    ``voxels[k - 1]`` is how many have a confidence of k / N, ``right[k - 1]`` how many of them are answered right;
    ``squares`` is the sum of N^2 times the Brier score. Without any voxel every figure is NaN.
    """

    voxels: tuple[int, ...]
    right: tuple[int, ...]
    squares: int
    missed: int

    def __add__(self, other: "Calibration") -> "Calibration":
        if self.samples != other.samples:
            raise DataError(
                f"{self.samples} and {other.samples} samples found, expected as many everywhere",
                "evaluate all pairs with one --samples",
            )
        voxels, right = map(_added, (self.voxels, self.right), (other.voxels, other.right))
        return Calibration(voxels, right, self.squares + other.squares, self.missed + other.missed)

    @property
    def samples(self) -> int:
        """N."""
        return len(self.voxels)

    @property
    def ece(self) -> float:
        """Expected calibration error in [0, 1]."""
        return float(calibration_error(np.array(self.voxels), np.array(self.right)))

    @property
    def mce(self) -> float:
        """Maximum calibration error in [0, 1]: of the worst bin, however few voxels it has."""
        return max((abs(one.accuracy - one.confidence) for one in self.bins()), default=math.nan)

    @property
    def brier(self) -> float:
        """Brier score in [0, 2]."""
        return self._mean(self.squares) / self.samples**2

    @property
    def missed_percent(self) -> float:
        """Percent of voxels whose true label no sample has."""
        return 100 * self._mean(self.missed)

    def bins(self, count: int = BINS) -> list[Bin]:
        """The reliability diagram: every bin that has a voxel, from low to high confidence."""
        return list(self._bins(count))

    def _bins(self, count: int) -> Iterator[Bin]:
        member = _membership(self.samples, count)
        levels = np.arange(1, self.samples + 1)
        for number in range(count):
            held = np.array(self.voxels) * member[:, number]
            if total := int(held.sum()):
                confidence = float(held @ levels) / (total * self.samples)
                accuracy = float(np.array(self.right) @ member[:, number]) / total
                yield Bin(number / count, (number + 1) / count, total, confidence, accuracy)

    def _mean(self, total: int) -> float:
        voxels = sum(self.voxels)
        return total / voxels if voxels else math.nan


def label_calibration(samples: NDArray[Any], truth: NDArray[Any], labels: Sequence[int]) -> Calibration:
    """Compare sampled label maps ``(N, *space)`` with the true one ``(*space)``.

    Ids that are not in ``labels`` are background. Raises ``DataError`` for maps that are not integers of one shape.
    """
    check_maps(samples[0], truth)
    known = np.array(foreground(labels), np.int64)
    votes, true = samples.reshape(len(samples), -1), truth.reshape(-1)
    blocks = (slice(start, start + _BLOCK) for start in range(0, max(true.size, 1), _BLOCK))
    sums = (_sums(_scored(votes[:, block], known), _scored(true[block], known)) for block in blocks)
    return reduce(add, sums)


def calibration_error(voxels: NDArray[Any], right: NDArray[Any], count: int = BINS) -> NDArray[np.float64]:
    """ECE ``(...)`` of sums ``(..., N)`` as a ``Calibration`` holds them, or of weighted ones; NaN without voxels."""
    samples = voxels.shape[-1]
    surplus = voxels * np.arange(1, samples + 1) / samples - right
    gaps = np.abs(surplus @ _membership(samples, count)).sum(axis=-1)
    total = voxels.sum(axis=-1)
    error: NDArray[np.float64] = np.full_like(gaps, np.nan, np.float64)
    np.divide(gaps, total, out=error, where=total > 0)
    return error


def _sums(votes: NDArray[Any], true: NDArray[Any]) -> Calibration:
    inside = (true != 0) | votes.any(axis=0)
    votes, true = votes[:, inside], true[inside]
    n = len(votes)
    same = np.stack([np.count_nonzero(votes == one, axis=0) for one in votes])
    most = same.max(axis=0)
    answer = np.where(same == most, votes, np.iinfo(votes.dtype).max).min(axis=0)
    real = np.count_nonzero(votes == true, axis=0)
    # Of k votes for a label each counts k of its own, together k^2; and N^2 sum (p - y)^2 = sum k^2 - 2 N k_true + N^2.
    squares = int(same.sum()) - 2 * n * int(real.sum()) + n * n * true.size
    missed = int(np.count_nonzero(real == 0))
    return Calibration(_tally(most, n), _tally(most[answer == true], n), squares, missed)


def _tally(most: NDArray[Any], samples: int) -> tuple[int, ...]:
    return tuple(np.bincount(most, minlength=samples + 1)[1:].tolist())


def _scored(labels: NDArray[Any], known: NDArray[np.int64]) -> NDArray[Any]:
    return np.where(np.isin(labels, known), labels, labels.dtype.type(0))


def _membership(samples: int, count: int) -> NDArray[np.int64]:
    """``(N, count)``: 1 where k of N votes lie in a bin, in whole numbers, so that no share misses its edge."""
    bins = -(-np.arange(1, samples + 1) * count // samples) - 1
    return np.eye(count, dtype=np.int64)[bins]


def _added(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
