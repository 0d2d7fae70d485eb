"""Which pairs of a cohort are scored."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from contreg.evaluating.evaluated_model import EvaluatedModel
from contreg.evaluating.request import EvaluationRequest

if TYPE_CHECKING:
    from contreg.evaluating.evaluated_model import Pairs
    from contreg_core.cache import CachedScan
    from contreg_core.cohort import Protocol, Split

T = TypeVar("T")


def spread(items: Sequence[T], limit: int | None) -> list[T]:
    """``limit`` of the items, evenly apart, in order; all of them without a limit.

    >>> spread("abcdefghij", 3)
    ['a', 'd', 'g']
    """
    if limit is None or limit >= len(items):
        return list(items)
    return [items[number * len(items) // limit] for number in range(limit)]


def pairs_of(subject: EvaluatedModel, protocol: "Protocol", request: EvaluationRequest) -> "Pairs":
    """(moving, fixed) of the asked split, as the protocol pairs them."""
    from contreg_core.inference.evaluate import evaluation_pairs

    return evaluation_pairs(subject.cohort, _scans(subject, request.split), protocol)


def _scans(subject: EvaluatedModel, split: "Split") -> "Sequence[CachedScan]":
    """Of the training subjects those that trained, or those that were held out to choose by."""
    from contreg_core.training.validation import hold_out

    if split == "test":
        return subject.cohort.split("test")
    training, validation = hold_out(subject.cohort.scans, subject.held_out)
    return training if split == "train" else validation
