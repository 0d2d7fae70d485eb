"""Held-out subjects, and the Dice that chooses the best checkpoint."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from contreg_core.cache import CachedCohort, CachedScan
from contreg_core.cohort import Split
from contreg_core.engine import Engine
from contreg_core.training.validation import Validator, hold_out


def scans(names: str, split: Split = "train", copies: int = 1) -> list[CachedScan]:
    return [CachedScan(f"{n}{k}", n, split, "", "") for n in names for k in range(copies)]


def subjects(chosen: list[CachedScan]) -> str:
    return "".join(dict.fromkeys(scan.subject for scan in chosen))


def test_the_last_subjects_with_all_their_scans_are_held_out() -> None:
    training, validation = hold_out(scans("abcdefg", copies=3) + scans("xyz", "test"), 3)
    assert (subjects(training), subjects(validation)) == ("abcd", "efg")
    assert len(training) + len(validation) == 21


@pytest.mark.parametrize(("names", "count"), [("abcd", 0), ("abcd", 1), ("abcd", 3), ("a", 2), ("", 2)])
def test_none_is_held_out_where_too_few_would_remain_or_make_no_pair(names: str, count: int) -> None:
    assert hold_out(scans(names), count) == (scans(names), [])


def test_the_cohorts_own_validation_split_is_used() -> None:
    given = scans("abcd") + scans("vw", "validation") + scans("x", "test")
    assert hold_out(given, 2) == (scans("abcd"), scans("vw", "validation"))


class Identity(torch.nn.Module):
    """Moves nothing."""

    def forward(self, pair: Any, *, inverse: bool = False) -> Any:
        zero = torch.zeros(1, 3, *pair.space)
        return SimpleNamespace(displacement=zero, warped=pair.moving)


@pytest.fixture
def value(toy_cache: CachedCohort, cpu: Engine) -> Callable[[CachedCohort], Any]:
    state: Any = SimpleNamespace(model=Identity(), average=None, step=7)
    return lambda cohort: Validator(cohort, cohort.split("test"), cpu)(state)


def test_it_is_the_mean_dice_over_regions_and_pairs(
    value: Callable[[CachedCohort], Any], toy_cache: CachedCohort
) -> None:
    f, g = (toy_cache.load(name).labels for name in "fg")
    assert f is not None
    assert g is not None
    overlaps = [2 * ((f == n) & (g == n)).sum() / ((f == n).sum() + (g == n).sum()) for n in (1, 2)]
    found = value(toy_cache)
    assert (found.step, found.name) == (7, "dice")
    assert found.value == pytest.approx(sum(overlaps) / 2)


def test_without_labels_it_is_the_similarity(
    value: Callable[[CachedCohort], Any], toy_cache: CachedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = CachedCohort.load
    monkeypatch.setattr(CachedCohort, "load", lambda cohort, scan: replace(load(cohort, scan), labels=None))
    found = value(toy_cache)
    assert found.name == "ncc"
    assert 0 < found.value < 1


def test_without_pairs_there_is_none(toy_cache: CachedCohort, cpu: Engine) -> None:
    state: Any = SimpleNamespace(model=Identity(), average=None, step=7)
    assert Validator(toy_cache, [], cpu)(state) is None
