"""Samples of scored pairs: which are drawn, what they measure, that they leave the other scores alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from contreg_core import spatial
from contreg_core.cache import CachedCohort
from contreg_core.evaluation import PairScore
from contreg_core.inference.evaluate import evaluate, evaluation_pairs, voxel_size
from contreg_core.inference.evaluate_samples import Sampling
from contreg_core.types import Encoding, Field, Pair, Registration
from contreg_plugins.warpers.displacement import DisplacementWarper


class Recorded(DisplacementWarper):
    """Keeps every displacement it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[np.ndarray] = []

    def forward(self, values: torch.Tensor, field: Field) -> torch.Tensor:
        displacement = super().forward(values, field)
        self.made.append(displacement.numpy().copy())
        return displacement


def unsure(deviation: float) -> Callable[[Any, Any], Registration]:
    """Nothing moves, give or take one standard deviation in voxels."""

    def register(moving: Any, fixed: Any) -> Registration:
        pair = Pair(*(torch.from_numpy(image)[None, None] for image in (moving, fixed)))
        still = torch.zeros(1, 3, *fixed.shape)
        field = Field(still, torch.full_like(still, 2 * np.log(deviation)))
        return Registration(pair, Encoding(()), field, still, still, spatial.warp(pair.moving, still))

    return register


def scored(cohort: CachedCohort, deviation: float, count: int, warper: Any = None) -> list[PairScore]:
    protocol = cohort.protocol()
    pairs = evaluation_pairs(cohort, cohort.split("test"), protocol)
    sampling = Sampling(warper or DisplacementWarper(), count)
    return list(evaluate(unsure(deviation), cohort, pairs, protocol, sampling=sampling))


def test_uncertainty_is_the_standard_deviation_in_millimetres(toy_cache: CachedCohort) -> None:
    expected = np.linalg.norm(0.3 * np.array(voxel_size(toy_cache.load("f").affine)))
    for score in scored(toy_cache, 0.3, 60):
        assert score.sampled is not None
        assert score.sampled.uncertainty_mm == pytest.approx(expected, rel=0.02)
        assert score.sampled.calibration.samples == 60


def test_a_model_that_is_sure_is_right_as_often_as_its_labels_are(toy_cache: CachedCohort) -> None:
    """Samples that agree: the error is the share of wrong voxels, counted here by hand."""
    protocol = toy_cache.protocol()
    labels = {scan: toy_cache.load(scan).labels for scan in "fg"}
    for score in scored(toy_cache, 1e-9, 3):
        moving, fixed = (
            np.where(np.isin(labels[scan], protocol.labels), labels[scan], 0)
            for scan in (score.moving, score.fixed)
        )
        inside = (moving > 0) | (fixed > 0)
        wrong = np.mean(moving[inside] != fixed[inside])
        assert score.sampled is not None
        found = score.sampled.calibration
        assert wrong > 0
        assert (found.ece, found.missed_percent / 100, found.brier / 2) == pytest.approx((wrong,) * 3)


def test_draws_belong_to_the_pair_and_fewer_are_the_first_of_more(toy_cache: CachedCohort) -> None:
    made = []
    for count in (2, 4):
        torch.manual_seed(count)
        warper = Recorded()
        scored(toy_cache, 0.3, count, warper)
        made.append(np.array(warper.made).reshape(2, count, -1))
    assert np.array_equal(made[0], made[1][:, :2])
    assert not np.array_equal(made[0][0], made[0][1])


def test_the_other_scores_are_those_without_samples(toy_cache: CachedCohort) -> None:
    protocol = toy_cache.protocol()
    pairs = evaluation_pairs(toy_cache, toy_cache.split("test"), protocol)
    plain = evaluate(unsure(0.3), toy_cache, pairs, protocol)
    same = {"sampled": None, "seconds": 0.0, "peak_memory_mib": 0.0}
    for one, other in zip(plain, scored(toy_cache, 0.3, 2), strict=True):
        assert repr(replace(one, **same)) == repr(replace(other, **same))
