"""Dice on training subjects that were held out, to choose the best checkpoint. Never on test subjects."""

import copy
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from contreg_core.cache import CachedCohort, CachedScan, CachedSubject
from contreg_core.cohort import Protocol
from contreg_core.engine import Engine
from contreg_core.evaluation import ncc
from contreg_core.evaluation.overlap import confusion, mean_present
from contreg_core.inference.trained import predict
from contreg_core.labels import warp_labels
from contreg_core.model import Model
from contreg_core.training.loop import TrainingState
from contreg_core.training.pairs import paired, valid_pairs

_MOST_PAIRS = 12


@dataclass(frozen=True)
class Validation:
    """Means over the held-out pairs; ``value`` is what the best checkpoint is chosen by."""

    step: int
    value: float
    name: str


def hold_out(scans: Sequence[CachedScan], count: int) -> tuple[list[CachedScan], list[CachedScan]]:
    """(training, validation) scans: the last ``count`` subjects are held out, unless fewer than two would remain.

    Scans already marked as validation by the cohort are used as they are.
    """
    marked = [scan for scan in scans if scan.split == "validation"]
    training = [scan for scan in scans if scan.split == "train"]
    subjects = list(dict.fromkeys(scan.subject for scan in training))
    if marked or count < 2 or len(subjects) - count < 2:
        return training, marked
    held = set(subjects[-count:])
    return [s for s in training if s.subject not in held], [s for s in training if s.subject in held]


class Validator:
    """Registers the held-out pairs with the weights that would be kept."""

    def __init__(self, cohort: CachedCohort, scans: Sequence[CachedScan], engine: Engine) -> None:
        pairs = valid_pairs(scans, own_space=cohort.fixed_only_own_space)
        # Spread over all pairs, so that every held-out subject takes part.
        pairs = pairs[:: math.ceil(len(pairs) / _MOST_PAIRS) or 1]
        used = paired(scans, pairs)
        self.subjects = {scan.id: cohort.load(scan.id) for scan in used}
        self.pairs = [(scans[moving].id, scans[fixed].id) for moving, fixed in pairs]
        self.protocol = cohort.protocol()
        self.engine = engine

    def __call__(self, state: TrainingState) -> Validation | None:
        """Dice (fused or label-mean, as the protocol's headline), or image similarity where there are no labels."""
        if not self.pairs:
            return None
        model = kept(state)
        values = [self._pair(model, self.subjects[i], self.subjects[j]) for i, j in self.pairs]
        state.model.train()
        return Validation(state.step, statistics.fmean(values), "dice" if self._labelled() else "ncc")

    def _labelled(self) -> bool:
        return all(subject.labels is not None for subject in self.subjects.values())

    def _pair(self, model: Model, moving: CachedSubject, fixed: CachedSubject) -> float:
        registration = predict(model, self.engine, moving.image, fixed.image)
        if not self._labelled() or moving.labels is None or fixed.labels is None:
            return ncc(registration.warped[0, 0].float().cpu().numpy(), fixed.image, fixed.mask)
        carried = warp_labels(moving.labels, registration.displacement[0].cpu().numpy())
        return _dice(self.protocol, carried, fixed)


def _dice(protocol: Protocol, carried: NDArray[Any], fixed: CachedSubject) -> float:
    assert fixed.labels is not None
    ids = tuple(sorted({*protocol.labels, *(label for ids in protocol.regions.values() for label in ids)}))
    table = confusion(protocol.merged(carried), protocol.merged(fixed.labels), ids)
    dice = (
        table.fused_dice(protocol.regions)
        if protocol.headline == "fused"
        else table.labelmean_dice(protocol.regions)
    )
    return mean_present(dice.values())


def kept(state: TrainingState) -> Any:
    """The model with the weights that would be kept: the averaged ones where there are any."""
    if state.average is None:
        return state.model
    model = copy.deepcopy(state.model)
    model.load_state_dict(state.average.values)
    return model
