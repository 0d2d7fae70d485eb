"""Scoring a model on a prepared cohort: which pairs, which direction, what a score says."""

import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.errors import DataError
from contreg_core.inference.evaluate import evaluate, evaluation_pairs, voxel_size


def moving_by(*shift: float) -> Callable[[Any, Any], Any]:
    """A model that reads the moving image at ``p + shift`` everywhere."""

    def register(moving: Any, fixed: Any) -> Any:
        displacement = torch.zeros(1, 3, *fixed.shape)
        displacement += torch.tensor(shift).view(1, 3, 1, 1, 1)
        return SimpleNamespace(displacement=displacement, warped=torch.from_numpy(moving)[None, None])

    return register


def test_all_ordered_pairs_of_distinct_subjects_and_self_pairs_where_the_protocol_has_them(
    toy_cache: CachedCohort,
) -> None:
    test, protocol = toy_cache.split("test"), toy_cache.protocol()
    pairs = [(a.id, b.id) for a, b in evaluation_pairs(toy_cache, test, protocol)]
    assert sorted(pairs) == [("f", "g"), ("g", "f")]
    official = replace(protocol, identity_pairs=True)
    assert len(evaluation_pairs(toy_cache, test, official)) == 4
    with pytest.raises(DataError, match="1 scans make no pair"):
        evaluation_pairs(toy_cache, test[:1], protocol)


def test_a_model_that_moves_nothing_scores_the_initial_dice(toy_cache: CachedCohort) -> None:
    protocol = toy_cache.protocol()
    pairs = evaluation_pairs(toy_cache, toy_cache.split("test"), protocol)
    scores = list(evaluate(moving_by(0, 0, 0), toy_cache, pairs, protocol))
    assert len(scores) == 2
    for score in scores:
        assert score.dice_fused == score.initial_fused
        assert score.dice_label == score.initial_label
        assert 0 < score.dice_fused["outer"] < 1
        assert score.folding_percent == 0
        assert score.seconds >= 0
        assert score.peak_memory_mib > 1
        assert math.isfinite(score.hd95)


def test_the_moving_scans_labels_are_carried_to_the_fixed_grid(
    toy_cache: CachedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fixed label map is the moving one, one voxel up axis 1: reading at ``p - 1`` makes them one."""
    f = toy_cache.load("f")
    assert f.labels is not None
    shifted = replace(f, labels=np.roll(f.labels, 1, axis=1))
    monkeypatch.setattr(CachedCohort, "load", lambda _, scan: f if scan == "f" else shifted)
    protocol, (one, other) = toy_cache.protocol(), toy_cache.split("test")
    (right,) = evaluate(moving_by(0, -1, 0), toy_cache, [(one, other)], protocol)
    assert right.dice_fused == {"outer": 1.0, "inner": 1.0}
    assert (right.moving, right.fixed) == ("f", "g")
    (wrong,) = evaluate(moving_by(0, 1, 0), toy_cache, [(one, other)], protocol)
    assert wrong.dice_fused["inner"] < right.initial_fused["inner"] < 1


def test_a_scan_without_labels_is_named(toy_cache: CachedCohort, monkeypatch: pytest.MonkeyPatch) -> None:
    load = CachedCohort.load
    bare = {"g": None}
    monkeypatch.setattr(
        CachedCohort,
        "load",
        lambda cohort, scan: replace(load(cohort, scan), **({"labels": None} if scan in bare else {})),
    )
    protocol = toy_cache.protocol()
    pairs = evaluation_pairs(toy_cache, toy_cache.split("test"), protocol)
    with pytest.raises(DataError, match="scan 'g' has no label map"):
        list(evaluate(moving_by(0, 0, 0), toy_cache, pairs, protocol))


def test_voxel_size_is_the_length_of_the_columns() -> None:
    turned = np.array([[0, -2.0, 0, 1], [1.5, 0, 0, 2], [0, 0, 3.0, 3], [0, 0, 0, 1]])
    assert voxel_size(turned) == (1.5, 2.0, 3.0)
