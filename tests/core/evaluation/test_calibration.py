"""Calibration of label shares: known cases, a slow reference, and that voxels of several images are simply voxels."""

from functools import reduce
from operator import add

import numpy as np
import pytest

from contreg_core.errors import DataError
from contreg_core.evaluation import calibration as module
from contreg_core.evaluation.calibration import BINS, calibration_error, label_calibration

IDS = (1, 2, 5, 300)


def sampled(samples: int, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Label maps of voxels that are anything from certain to a toss-up between all labels and background."""
    rng = np.random.default_rng(seed)
    odds = rng.dirichlet([0.4] * 5, int(np.prod(shape)))
    drawn = (rng.random((samples, len(odds), 1)) > odds.cumsum(-1)[:, :-1]).sum(-1)
    return np.array((0, *IDS), np.uint16)[drawn].reshape(samples, *shape)


def one_of(samples: np.ndarray, seed: int) -> np.ndarray:
    """At every voxel the label of one of the samples: what their shares say happens as often as they say."""
    chosen = np.random.default_rng(seed).integers(len(samples), size=samples.shape[1:])
    return np.take_along_axis(samples, chosen[None], 0)[0]


def slowly(samples: np.ndarray, truth: np.ndarray) -> tuple[float, float, float, float]:
    """ECE, MCE, Brier score and missed percent, voxel by voxel with a table of probabilities."""
    classes, bins = (0, *IDS), [[] for _ in range(BINS)]
    squares, missed = [], []
    for votes, true in zip(samples.reshape(len(samples), -1).T, truth.ravel(), strict=True):
        if not (votes.any() or true):
            continue
        shares = [np.mean(votes == one) for one in classes]
        top = int(np.argmax(shares))
        place = next(n for n in range(BINS) if shares[top] <= (n + 1) / BINS + 1e-9)
        bins[place].append((shares[top], classes[top] == true))
        squares.append(sum((share - (one == true)) ** 2 for share, one in zip(shares, classes, strict=True)))
        missed.append(shares[classes.index(true)] == 0)
    gaps = [
        (len(held), abs(np.mean([c for c, _ in held]) - np.mean([r for _, r in held])))
        for held in bins
        if held
    ]
    ece = sum(count * gap for count, gap in gaps) / len(squares)
    return ece, max(gap for _, gap in gaps), float(np.mean(squares)), 100 * float(np.mean(missed))


@pytest.mark.parametrize("samples", [2, 7, 15, 40])
def test_equal_to_the_slow_way(samples: int) -> None:
    maps = sampled(samples, (9, 8, 7), samples)
    truth = sampled(1, (9, 8, 7), 99)[0]
    found = label_calibration(maps, truth, IDS)
    assert (found.ece, found.mce, found.brier, found.missed_percent) == pytest.approx(slowly(maps, truth))


@pytest.mark.parametrize("samples", [5, 40])
def test_shares_that_come_true_as_often_as_they_say_are_calibrated(samples: int) -> None:
    maps = sampled(samples, (200, 300), 1)
    found = label_calibration(maps, one_of(maps, 2), IDS)
    assert found.ece < 0.01
    assert found.missed_percent == 0
    for one in found.bins():
        assert one.low < one.confidence <= one.high
        assert one.accuracy == pytest.approx(one.confidence, abs=4 * np.sqrt(0.25 / one.voxels))


def test_samples_that_agree_on_what_is_wrong_in_three_of_ten_voxels() -> None:
    truth = np.full(1000, 2, np.uint8)
    maps = np.full((6, 1000), 2, np.uint8)
    maps[:, :300] = 5
    found = label_calibration(maps, truth, IDS)
    assert (found.ece, found.mce, found.brier, found.missed_percent) == pytest.approx((0.3, 0.3, 0.6, 30))
    (one,) = found.bins()
    assert (one.voxels, one.confidence, one.accuracy, one.high) == (1000, 1, 0.7, 1)


def test_doubt_that_is_never_justified() -> None:
    maps = np.array([[1], [1], [1], [2]], np.uint8).repeat(50, axis=1)
    found = label_calibration(maps, np.full(50, 1, np.uint8), IDS)
    assert (found.ece, found.mce) == (0.25, 0.25)
    assert found.brier == pytest.approx(2 * 0.25**2)


def test_the_order_of_voxels_and_of_samples_is_nothing() -> None:
    maps, truth = sampled(9, (6, 7, 8), 3), sampled(1, (6, 7, 8), 4)[0]
    rng = np.random.default_rng(5)
    order = rng.permutation(truth.size)
    mixed = rng.permutation(maps).reshape(9, -1)[:, order]
    assert label_calibration(mixed, truth.ravel()[order], IDS) == label_calibration(maps, truth, IDS)


def test_images_added_are_their_voxels_together(monkeypatch: pytest.MonkeyPatch) -> None:
    maps, truth = sampled(12, (30, 40), 6), sampled(1, (30, 40), 7)[0]
    whole = label_calibration(maps, truth, IDS)
    parts = [label_calibration(maps[:, rows], truth[rows], IDS) for rows in (slice(11), slice(11, None))]
    assert reduce(add, parts) == whole
    monkeypatch.setattr(module, "_BLOCK", 100)
    assert label_calibration(maps, truth, IDS) == whole
    sums = np.array([[part.voxels, part.right] for part in parts]).sum(axis=0)
    assert calibration_error(*sums) == pytest.approx(whole.ece)


def test_background_that_all_agree_on_does_not_count() -> None:
    maps, truth = sampled(4, (50,), 8), sampled(1, (50,), 9)[0]
    padded = np.pad(maps, ((0, 0), (0, 70))), np.pad(truth, (0, 70))
    assert label_calibration(*padded, IDS) == label_calibration(maps, truth, IDS)
    spilt = np.pad(maps, ((0, 0), (0, 70)))
    spilt[2, 60] = 5
    assert sum(label_calibration(spilt, padded[1], IDS).voxels) == 1 + sum(
        label_calibration(*padded, IDS).voxels
    )


def test_ids_nobody_scores_are_background() -> None:
    maps, truth = sampled(4, (60,), 10), sampled(1, (60,), 11)[0]
    without = [np.where(one == 5, 0, one).astype(one.dtype) for one in (maps, truth)]
    assert label_calibration(maps, truth, (1, 2, 300)) == label_calibration(*without, IDS)


def test_a_tie_goes_to_the_lowest_id() -> None:
    maps = np.array([[5, 5], [2, 2]], np.uint8)
    found = label_calibration(maps, np.array([2, 5], np.uint8), IDS)
    assert (found.voxels, found.right) == ((2, 0), (1, 0))


def test_confidences_lie_in_their_bins_whatever_rounding_says() -> None:
    """3 of 15, 6 of 15 ... are upper edges of bins; as floating-point numbers some lie above."""
    for samples in (15, 30, 45, 99):
        member = module._membership(samples, BINS)
        for k in range(1, samples + 1):
            (held,) = np.flatnonzero(member[k - 1])
            assert held * samples < k * BINS <= (held + 1) * samples


def test_nothing_to_count_gives_nan() -> None:
    for space in ((4,), (0,)):
        found = label_calibration(np.zeros((3, *space), np.uint8), np.zeros(space, np.uint8), IDS)
        assert np.isnan([found.ece, found.mce, found.brier, found.missed_percent]).all()
        assert found.bins() == []


def test_maps_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(DataError, match="one shape"):
        label_calibration(np.zeros((3, 4), np.uint8), np.zeros(5, np.uint8), IDS)
    with pytest.raises(DataError, match="integers"):
        label_calibration(np.zeros((3, 4), np.float32), np.zeros(4, np.uint8), IDS)
    three, four = (label_calibration(np.ones((n, 2), np.uint8), np.ones(2, np.uint8), IDS) for n in (3, 4))
    with pytest.raises(DataError, match="3 and 4 samples"):
        three + four
