"""Contrast over the batch of all ranks."""

from dataclasses import replace

import torch

from contreg_core.ranks.step import several, whole
from contreg_core.types import Embeddings, Outcome, Registration


def with_all_embeddings(outcome: Outcome) -> Outcome:
    """A registration whose embeddings and person numbers are those of the whole batch, with gradients.

    So a loss that compares embeddings needs to know nothing of ranks. Images and dense maps stay this rank's own.
    """
    if not isinstance(outcome, Registration) or several() is None:
        return outcome
    return _whole(outcome)


def _whole(outcome: Registration) -> Registration:
    found, subjects = outcome.encoding.embeddings, outcome.pair.subjects
    if found is None:
        return outcome
    both = whole(torch.cat((found.moving, found.fixed), dim=1))
    moving, fixed = both.split((found.moving.shape[1], found.fixed.shape[1]), dim=1)
    embeddings = Embeddings(moving, fixed, found.moving_map, found.fixed_map)
    return replace(
        outcome,
        encoding=replace(outcome.encoding, embeddings=embeddings),
        pair=replace(outcome.pair, subjects=None if subjects is None else whole(subjects)),
        swapped=None if outcome.swapped is None else _whole(outcome.swapped),
    )
