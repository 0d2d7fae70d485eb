"""Fusion of label maps: laws, and a slow obvious form beside the fast one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_core.inference.fusion import fuse, local_weights, probabilities


def slow_fuse(labels, weights):
    fused = np.zeros(labels.shape[1:], labels.dtype)
    for place in np.ndindex(fused.shape):
        votes = {}
        for vote, weight in zip(labels[:, *place], weights[:, *place], strict=True):
            votes[vote] = votes.get(vote, 0.0) + float(weight)
        fused[place] = min(votes, key=lambda label: (-votes[label], label))
    return fused


@settings(max_examples=40)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1), st.booleans())
def test_equals_the_slow_form(count, seed, weighted):
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 3, 21, 182], np.uint8), (count, 3, 4, 5))
    weights = rng.integers(0, 5, labels.shape).astype(np.float32) if weighted else None
    fused = fuse(labels, weights)
    assert fused.dtype == labels.dtype
    assert np.array_equal(fused, slow_fuse(labels, np.ones(labels.shape) if weights is None else weights))


def test_one_reference_is_returned_as_it_is():
    labels = np.random.default_rng(0).integers(0, 200, (1, 6, 5, 4)).astype(np.uint16)
    assert np.array_equal(fuse(labels), labels[0])
    assert np.array_equal(fuse(labels, np.ones(labels.shape, np.float32)), labels[0])


def test_ties_go_to_the_lowest_id():
    labels = np.array([7, 3, 7, 3, 9], np.uint8).reshape(5, 1, 1, 1)
    assert fuse(labels).item() == 3


def test_order_of_references_does_not_matter():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, (5, 4, 4, 4)).astype(np.uint8)
    assert np.array_equal(fuse(labels), fuse(labels[::-1]))


def test_probabilities_sum_to_one_with_background():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, (5, 4, 4, 4)).astype(np.uint8)
    total = sum(share for _, share in probabilities(labels)) + (labels == 0).mean(axis=0)
    assert np.allclose(total, np.ones((4, 4, 4)), atol=1e-6)
    assert [label for label, _ in probabilities(labels)] == [1, 2, 3]


def test_weights_are_a_softmax_that_likes_what_is_alike():
    rng = np.random.default_rng(4)
    fixed = rng.uniform(size=(9, 9, 9)).astype(np.float32)
    warped = np.stack([2 * fixed + 1, rng.uniform(size=fixed.shape).astype(np.float32)])
    weights = local_weights(warped, fixed)
    assert np.allclose(weights.sum(axis=0), np.ones(fixed.shape), atol=1e-6)
    assert weights[0].min() > 0.9  # similarity 1 against about 0: 1 / (1 + e^-4) = 0.982
    assert weights[0].mean() == pytest.approx(0.98, abs=0.01)


def test_flat_background_weighs_all_alike():
    zeros = np.zeros((2, 7, 7, 7), np.float32)
    assert np.allclose(local_weights(zeros, zeros[0]), np.full(zeros.shape, 0.5), atol=1e-6)
