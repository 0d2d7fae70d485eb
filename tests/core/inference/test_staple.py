"""STAPLE over patterns of votes: laws, SimpleITK's voxel by voxel beside it, raters it sees through."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from contreg_core.inference.fusion import fuse
from contreg_core.inference.staple import staple

IDS = np.array([0, 3, 21, 182], np.uint8)


def raters(seed, rates, shape=(9, 8, 7)):
    """A truth of blocks, and raters that err at ``rates``: they then say any label."""
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.choice(IDS, (3, 2, 2)), np.ones((3, 4, 4), np.uint8))[
        : shape[0], : shape[1], : shape[2]
    ]
    wrong = [rng.random(truth.shape) < rate for rate in rates]
    return truth, np.stack([np.where(w, rng.choice(IDS, truth.shape), truth) for w in wrong])


def itk(labels):
    """SimpleITK's multi-label STAPLE of the voxels any rater labelled, in compact ids; 255 where it is undecided."""
    named = labels.any(axis=0)
    compact = np.searchsorted(IDS, labels[:, named]).astype(np.uint8)
    images = [sitk.GetImageFromArray(one[None]) for one in compact]
    filter_ = sitk.MultiLabelSTAPLEImageFilter()
    filter_.SetLabelForUndecidedPixels(255)
    filter_.SetTerminationUpdateThreshold(1e-5)
    found = sitk.GetArrayFromImage(filter_.Execute(images))[0]
    return named, np.where(found == 255, 255, IDS[np.minimum(found, 3)])


@pytest.mark.parametrize("rates", [(0.1, 0.2, 0.3), (0.05, 0.4, 0.4, 0.4), (0.3, 0.3, 0.3, 0.3, 0.3)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_simple_itk(seed, rates):
    """Theirs also believes labels that no rater gave to a voxel, which moves a few close decisions."""
    _, labels = raters(seed, rates)
    named, theirs = itk(labels)
    given = (labels[:, named] == theirs).any(axis=0)
    assert given.mean() > 0.95
    assert (staple(labels).labels()[named] == theirs)[given].mean() > 0.98


def test_trusts_the_one_who_agrees_most():
    """Three of five raters guess often: the majority is fooled more often than STAPLE."""
    truth, labels = raters(3, (0.02, 0.02, 0.8, 0.8, 0.8))
    majority, trusting = ((found == truth).mean() for found in (fuse(labels), staple(labels).labels()))
    assert trusting > 0.97 > majority


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_order_of_references_and_empty_space_do_not_matter(seed, count):
    _, labels = raters(seed, (0.3,) * count)
    fused = staple(labels).labels()
    assert fused.dtype == labels.dtype
    assert np.array_equal(staple(labels[::-1]).labels(), fused)
    padded = staple(np.pad(labels, ((0, 0), (5, 5), (5, 5), (5, 5)))).labels()
    assert np.array_equal(padded, np.pad(fused, 5))


def test_one_reference_is_returned_as_it_is():
    _, labels = raters(0, (0.5,))
    consensus = staple(labels)
    assert np.array_equal(consensus.labels(), labels[0])
    for label, share in consensus.probabilities():
        assert np.array_equal(share, labels[0] == label)


def test_agreement_is_kept_and_nothing_stays_nothing():
    _, labels = raters(1, (0.0,))
    assert np.array_equal(staple(np.repeat(labels, 4, axis=0)).labels(), labels[0])
    empty = np.zeros((3, 4, 4, 4), np.uint16)
    consensus = staple(empty)
    assert np.array_equal(consensus.labels(), empty[0])
    assert list(consensus.probabilities()) == []


def test_what_is_equally_probable_falls_to_the_votes_then_to_the_lowest_id():
    """Two references that never agree: nothing tells which is right."""
    labels = np.array([[7, 3], [3, 7]], np.uint8).reshape(2, 2, 1, 1)
    consensus = staple(labels)
    assert [share.tolist() for _, share in consensus.probabilities()] == [[[[0.5]], [[0.5]]]] * 2
    assert consensus.labels().tolist() == [[[3]], [[3]]]


def test_probabilities_sum_to_one_with_background():
    _, labels = raters(2, (0.3, 0.4, 0.5))
    consensus = staple(labels)
    shares = dict(consensus.probabilities())
    assert list(shares) == [3, 21, 182]
    total = sum(shares.values())
    assert total.max() <= 1 + 1e-6
    fused = consensus.labels()
    for label, share in shares.items():
        assert (
            share[fused == label] >= np.max([s[fused == label] for s in shares.values()], axis=0) - 1e-6
        ).all()
        assert (share[fused == label] >= (1 - total)[fused == label] - 1e-6).all()
