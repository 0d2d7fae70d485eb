"""Bootstrap intervals and the paired test."""

import itertools
import math

import numpy as np
import pytest

from contreg_core.errors import UsageError
from contreg_core.evaluation.bootstrap import bootstrap_interval, paired_test

PEOPLE = [f"s{k}" for k in range(12)]
PAIRS = list(itertools.permutations(PEOPLE, 2))


def test_independent_values_give_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = bootstrap_interval(values)
    half = 1.96 * values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_equal_to_drawing_people_one_by_one() -> None:
    rng = np.random.default_rng(1)
    values = {pair: rng.normal() for pair in PAIRS}
    means = []
    for _ in range(2000):
        drawn = rng.choice(PEOPLE, len(PEOPLE))
        means.append(np.mean([values[a, b] for a, b in itertools.product(drawn, repeat=2) if a != b]))
    found = bootstrap_interval(list(values.values()), PAIRS)
    np.testing.assert_allclose([found.low, found.high], np.percentile(means, [2.5, 97.5]), atol=0.03)


def test_people_who_differ_widen_the_interval() -> None:
    effect = dict(zip(PEOPLE, np.random.default_rng(2).normal(0, 1, len(PEOPLE)), strict=True))
    values = [effect[moving] + effect[fixed] for moving, fixed in PAIRS]
    alone, clustered = bootstrap_interval(values), bootstrap_interval(values, PAIRS)
    assert clustered.mean == alone.mean
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low)


def test_one_seed_one_interval() -> None:
    values = np.random.default_rng(3).random(20)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_a_wider_level_holds_a_narrower_one() -> None:
    values = np.random.default_rng(3).random(20)
    narrow, wide = bootstrap_interval(values, level=0.5), bootstrap_interval(values, level=0.99)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


def test_columns_are_averaged_unweighted_and_nan_is_skipped() -> None:
    table = np.array([[1.0, math.nan], [1.0, math.nan], [1.0, 4.0]])
    found = bootstrap_interval(table)
    assert found.mean == 2.5
    assert (found.low, found.high) == (1.0, 2.5)


def test_constant_values_have_a_point_interval() -> None:
    found = bootstrap_interval([0.5] * len(PAIRS), PAIRS)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize(
    ("values", "subjects"),
    [([], None), ([1.0], None), ([1.0, 2.0], [("a", "b"), ("b", "a")]), ([math.nan, math.nan], None)],
)
def test_too_little_to_resample_has_no_interval(
    values: list[float], subjects: list[tuple[str, str]] | None
) -> None:
    found = bootstrap_interval(values, subjects)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="level"):
        bootstrap_interval([1.0, 2.0], level=95)
    with pytest.raises(UsageError, match="3 values but 1"):
        bootstrap_interval([1.0, 2.0, 3.0], [("a", "b")])


def test_a_paired_test_of_five_all_better() -> None:
    found = paired_test([1.1, 2.2, 3.3, 4.4, 5.5, math.nan], [1, 2, 3, 4, 5, 6])
    assert found.pairs == 5
    assert found.difference == pytest.approx(0.3)
    assert found.p_value == pytest.approx(2 / 2**5)  # exact: one of 32 sign patterns on either side


def test_a_paired_test_of_equals_and_of_nothing() -> None:
    assert paired_test([1, 2], [1, 2]).p_value == 1
    assert math.isnan(paired_test([math.nan], [1]).p_value)
