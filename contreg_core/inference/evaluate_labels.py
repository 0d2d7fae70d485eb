"""Score a segmenter on the pairs of a prepared cohort: every fixed image is segmented once, whatever the moving."""

import time
from collections.abc import Iterator, Sequence
from typing import Any
from typing import Protocol as Shape

import numpy as np
from numpy.typing import NDArray

from contreg_core.cache import CachedCohort, CachedScan, CachedSubject
from contreg_core.classes import LabelClass
from contreg_core.cohort import Protocol
from contreg_core.evaluation import PairScore
from contreg_core.evaluation.segmented import LabelScore, beside, score_labels
from contreg_core.inference.evaluate import kept_loader, labels_of, voxel_size
from contreg_core.memory import peak_mib


class LabelPredictor(Shape):
    """What labels an image by itself: a trained network, or references that vote."""

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """What it tells apart, background left out."""

    def numbers(self, image: NDArray[np.float32]) -> NDArray[np.int64]:
        """Image ``(*space)`` -> class numbers of the same shape: k for ``classes[k - 1]``, 0 background."""


def evaluate_segmenter(
    model: LabelPredictor,
    cohort: CachedCohort,
    pairs: Sequence[tuple[CachedScan, CachedScan]],
    protocol: Protocol,
) -> Iterator[PairScore]:
    """One score per pair, for comparison with registrations of the same pairs: the fixed image's own, repeated.

    What a displacement alone has (folding, similarity) is NaN; ``initial_*`` is, as ever, the pair unregistered.
    """
    load = kept_loader(cohort)
    known: dict[str, tuple[LabelScore, float]] = {}
    for moving, fixed in pairs:
        moving_labels, fixed_labels = labels_of(load(moving.id), moving), labels_of(load(fixed.id), fixed)
        if fixed.id not in known:
            known[fixed.id] = _segmented(model, load(fixed.id), fixed_labels, protocol)
        score, seconds = known[fixed.id]
        yield beside(
            score,
            moving_labels,
            fixed_labels,
            protocol,
            moving=moving.id,
            fixed=fixed.id,
            moving_subject=moving.subject,
            fixed_subject=fixed.subject,
            seconds=seconds,
            peak_memory_mib=peak_mib(),
        )


def _segmented(
    model: LabelPredictor, subject: CachedSubject, truth: NDArray[Any], protocol: Protocol
) -> tuple[LabelScore, float]:
    start = time.perf_counter()
    numbers = model.numbers(subject.image)
    seconds = time.perf_counter() - start
    return score_labels(numbers, truth, model.classes, protocol, voxel_size(subject.affine)), seconds
