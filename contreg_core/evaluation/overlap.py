"""Dice of label maps from one joint histogram: per label, per region fused, per region as mean of its
labels.

``dice = 2 |A and B| / (|A| + |B|)`` (protocols.md). Absent in both maps gives NaN, which every mean
skips; absent in one gives 0. Background (id 0) is never counted.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError, UsageError

LARGEST_ID = 2**24
_PARTS, _ENTRIES = 8, 2**20  # histograms counted side by side, while they are small


@dataclass(frozen=True)
class Confusion:
    """``counts[i, j]``: voxels predicted ``i`` and truly ``j``; 0 stands for everything not in ``labels``."""

    labels: tuple[int, ...]
    counts: NDArray[np.int64]

    @cached_property
    def _entry(self) -> dict[int, int]:
        return {label: entry for entry, label in enumerate(self.labels, start=1)}

    def label_dice(self) -> dict[int, float]:
        """Dice of every label."""
        return {label: self._dice([label]) for label in self.labels}

    def fused_dice(self, regions: Mapping[str, Sequence[int]]) -> dict[str, float]:
        """Dice of every region after its labels became one, in prediction and truth."""
        return {name: self._dice(labels) for name, labels in regions.items()}

    def labelmean_dice(self, regions: Mapping[str, Sequence[int]]) -> dict[str, float]:
        """Mean over a region's labels of label Dice; labels absent in both maps are skipped."""
        return {
            name: mean_present(self._dice([label]) for label in foreground(labels))
            for name, labels in regions.items()
        }

    def _dice(self, labels: Sequence[int]) -> float:
        entries = self._entries(labels)
        common = self.counts[np.ix_(entries, entries)].sum()
        total = self.counts[entries].sum() + self.counts[:, entries].sum()
        return float(2 * common / total) if total else math.nan

    def _entries(self, labels: Sequence[int]) -> list[int]:
        wanted = foreground(labels)
        if unknown := [label for label in wanted if label not in self._entry]:
            raise UsageError(
                f"labels {unknown} were not counted", "name every label of every region in confusion()"
            )
        return [self._entry[label] for label in wanted]


def confusion(predicted: NDArray[Any], truth: NDArray[Any], labels: Sequence[int]) -> Confusion:
    """Joint histogram of two integer label maps of one shape over ``labels`` (0 and repetitions are left
    out).

    Raises ``DataError`` for maps that are not integers of one shape, ``UsageError`` for ids out of range.
    """
    from contreg_core.evaluation import kernels

    check_maps(predicted, truth)
    names = foreground(labels)
    index, size = _index(names), len(names) + 1
    rows = index * size
    parts = np.zeros((max(1, min(_PARTS, _ENTRIES // size**2)), 2, size * size), np.int64)
    kernels.joint(_native(predicted), _native(truth), rows, index, parts)
    return Confusion(names, parts.sum((0, 1)).reshape(size, size))


def _native(labels: NDArray[Any]) -> NDArray[Any]:
    """A contiguous line in this machine's byte order."""
    return np.ascontiguousarray(labels, labels.dtype.newbyteorder("=")).reshape(-1)


def foreground(labels: Iterable[int]) -> tuple[int, ...]:
    """The ids in their order, without background and repetitions."""
    return tuple(label for label in dict.fromkeys(int(label) for label in labels) if label != 0)


def mean_present(values: Iterable[float]) -> float:
    """Mean of the values that are not NaN; NaN where none is left."""
    present = [value for value in values if not math.isnan(value)]
    return math.fsum(present) / len(present) if present else math.nan


def _index(labels: tuple[int, ...]) -> NDArray[np.intp]:
    """Table from id to entry; its first and last places are 0, where clipping sends ids below and above."""
    if bad := [label for label in labels if not 0 < label < LARGEST_ID]:
        raise UsageError(f"label ids {bad} found, expected 1 to {LARGEST_ID - 1}", "renumber these labels")
    index = np.zeros(max(labels, default=0) + 2, np.intp)
    index[list(labels)] = np.arange(1, len(labels) + 1)
    return index


def check_maps(predicted: NDArray[Any], truth: NDArray[Any]) -> None:
    """Raise ``DataError`` unless both are integer label maps of one shape."""
    if predicted.shape != truth.shape:
        raise DataError(
            f"label maps of shapes {predicted.shape} and {truth.shape}, expected one shape",
            "warp the moving label map onto the fixed grid first",
        )
    if predicted.dtype.kind not in "iu" or truth.dtype.kind not in "iu":
        raise DataError(
            f"label maps of types {predicted.dtype} and {truth.dtype}, expected integers",
            "round the label maps to integer ids",
        )
