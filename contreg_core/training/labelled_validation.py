"""Dice of predicted labels on training subjects that were held out, to choose the best checkpoint of a segmenter."""

import statistics
from collections.abc import Sequence
from typing import Any

from contreg_core.cache import CachedCohort, CachedScan, CachedSubject
from contreg_core.classes import LabelClass
from contreg_core.engine import Engine
from contreg_core.evaluation.overlap import mean_present
from contreg_core.evaluation.segmented import score_labels
from contreg_core.inference.segmenter import class_numbers
from contreg_core.training.loop import TrainingState
from contreg_core.training.validation import Validation, kept


class LabelledValidator:
    """Segments the held-out images that have labels with the weights that would be kept."""

    def __init__(
        self, cohort: CachedCohort, scans: Sequence[CachedScan], classes: Sequence[LabelClass], engine: Engine
    ) -> None:
        loaded = [cohort.load(scan.id) for scan in cohort.own_space(scans)]
        self.subjects = [subject for subject in loaded if subject.labels is not None]
        self.protocol = cohort.protocol()
        self.classes = classes
        self.engine = engine

    def __call__(self, state: TrainingState) -> Validation | None:
        """Mean over images and regions of the protocol's headline Dice; fused where the classes are regions."""
        if not self.subjects:
            return None
        model = kept(state)
        values = [self._subject(model, subject) for subject in self.subjects]
        state.model.train()
        return Validation(state.step, statistics.fmean(values), "dice")

    def _subject(self, model: Any, subject: CachedSubject) -> float:
        assert subject.labels is not None
        numbers = class_numbers(model, self.engine, subject.image)
        score = score_labels(numbers, subject.labels, self.classes, self.protocol)
        fused = self.protocol.headline == "fused" or not score.dice_label
        return mean_present((score.dice_fused if fused else score.dice_labelmean).values())
