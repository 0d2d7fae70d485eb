"""Two methods on the same pairs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from contreg_core.errors import UsageError
from contreg_core.evaluation import PairScore, bootstrap_interval, compare_scores, holm, shared_pairs

PAIRS = list(itertools.permutations("uvwxyz", 2))


def scores(values, pairs=PAIRS):
    """One score a pair; both Dice kinds of regions a and b."""
    return [
        PairScore(
            moving=moving,
            fixed=fixed,
            dice_fused={"a": a, "b": b},
            dice_labelmean={"a": a / 2, "b": b / 2},
            dice_label={},
        )
        for (moving, fixed), (a, b) in zip(pairs, values, strict=True)
    ]


def test_a_method_against_itself_differs_by_nothing():
    same = scores(np.random.default_rng(0).random((30, 2)))
    found = compare_scores(same, same, "fused")
    assert (found.difference, found.low, found.high, found.p_value, found.pairs) == (0, 0, 0, 1, 30)


def test_the_difference_is_that_of_the_means_with_the_interval_of_the_paired_values():
    rng = np.random.default_rng(1)
    one, other = rng.random((30, 2)), rng.random((30, 2))
    found = compare_scores(scores(one), scores(other), "fused")
    assert found.difference == pytest.approx(one.mean() - other.mean())
    expected = bootstrap_interval(one - other, PAIRS)
    assert (found.low, found.high) == (expected.low, expected.high)
    assert found.p_value == pytest.approx(wilcoxon((one - other).mean(axis=1)).pvalue)
    half = compare_scores(scores(one), scores(other), "labelmean")
    assert half.difference == pytest.approx(found.difference / 2)


def test_swapping_the_two_turns_the_sign():
    rng = np.random.default_rng(2)
    one, other = scores(rng.random((30, 2))), scores(rng.random((30, 2)))
    there, back = compare_scores(one, other, "fused"), compare_scores(other, one, "fused")
    assert (there.difference, there.low) == pytest.approx((-back.difference, -back.high))
    assert there.p_value == pytest.approx(back.p_value)


def test_pairs_are_matched_by_name_whatever_their_order():
    values = np.random.default_rng(3).random((30, 2))
    one, other = scores(values), scores(values)[::-1][:20]
    found = compare_scores(one, other, "fused")
    assert (found.difference, found.pairs) == (0, 20)


def test_nothing_in_common_is_refused():
    with pytest.raises(UsageError, match="no pair is in both"):
        compare_scores(scores([(1, 1)], [("u", "v")]), scores([(1, 1)], [("v", "u")]), "fused")


def test_shared_pairs_are_those_of_all_in_the_order_of_the_first():
    groups = [
        scores([(1, 1)] * 3, PAIRS[:3]),
        scores([(1, 1)] * 3, PAIRS[2::-1]),
        scores([(1, 1)] * 2, PAIRS[1:3]),
    ]
    assert shared_pairs(groups) == PAIRS[1:3]
    assert shared_pairs([]) == []


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    found = holm([0.02, math.nan, 0.03])
    assert found[::2] == pytest.approx([0.04, 0.04])
    assert math.isnan(found[1])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_makes_a_value_smaller(values):
    adjusted = holm(values)
    assert all(value <= after <= 1 for value, after in zip(values, adjusted, strict=True))
    assert all(
        adjusted[i] <= adjusted[j]
        for i in range(len(values))
        for j in range(len(values))
        if values[i] < values[j]
    )
    bonferroni = [min(1, value * len(values)) for value in values]
    assert all(after <= bound + 1e-12 for after, bound in zip(adjusted, bonferroni, strict=True))
