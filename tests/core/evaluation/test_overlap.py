"""Dice from the joint histogram, against counting label by label (oracles.md)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from contreg_core.errors import DataError, UsageError
from contreg_core.evaluation.overlap import Confusion, confusion, mean_present

Ids = NDArray[np.uint16]
maps = hnp.arrays(np.uint16, (4, 5, 3), elements=st.integers(0, 6))
PARIETAL = tuple(range(41, 51))


def obvious_dice(predicted: Ids, truth: Ids, labels: tuple[int, ...]) -> float:
    """2 |A and B| / (|A| + |B|) of the union of ``labels``."""
    a, b = np.isin(predicted, labels), np.isin(truth, labels)
    return float(2 * (a & b).sum() / (a.sum() + b.sum())) if a.any() or b.any() else math.nan


def cube(start: int) -> Ids:
    volume = np.zeros((16, 16, 16), np.uint16)
    volume[start : start + 8, 4:12, 4:12] = 1
    return volume


@pytest.mark.parametrize(("shift", "dice"), [(0, 1.0), (2, 0.75), (8, 0.0)])
def test_a_shifted_cube(shift: int, dice: float) -> None:
    assert confusion(cube(shift), cube(0), [1]).label_dice() == {1: dice}


def test_absent_in_both_is_nan_and_absent_in_one_is_zero() -> None:
    dice = confusion(cube(0) * 2, cube(0), [1, 2, 3]).label_dice()
    assert dice[1] == 0
    assert dice[2] == 0
    assert math.isnan(dice[3])


def test_swapped_labels_of_one_region() -> None:
    truth = np.array([[1, 1, 2, 2]])
    counts = confusion(3 - truth, truth, [1, 2])
    assert counts.fused_dice({"lobe": (1, 2)}) == {"lobe": 1.0}
    assert counts.labelmean_dice({"lobe": (1, 2)}) == {"lobe": 0.0}


def test_the_official_parietal_region_sends_label_47_to_background() -> None:
    truth = np.array([[41, 41, 47, 47]])
    predicted = np.array([[41, 47, 41, 47]])
    counts = confusion(predicted, truth, PARIETAL)
    regions = {"official": PARIETAL[:5], "whole": PARIETAL}
    assert counts.fused_dice(regions) == {"official": 0.5, "whole": 1.0}
    assert confusion(predicted, truth, PARIETAL[:5]).fused_dice({"official": PARIETAL[:5]}) == {
        "official": 0.5
    }


@given(maps, maps)
def test_equal_to_counting_label_by_label(predicted: Ids, truth: Ids) -> None:
    regions = {"a": (1, 2), "b": (4,), "c": (6, 3, 1)}
    counts = confusion(predicted, truth, [6, 1, 2, 3, 4])
    labels = {label: obvious_dice(predicted, truth, (label,)) for label in (6, 1, 2, 3, 4)}
    np.testing.assert_equal(counts.label_dice(), labels)
    np.testing.assert_equal(
        counts.fused_dice(regions),
        {name: obvious_dice(predicted, truth, ids) for name, ids in regions.items()},
    )
    np.testing.assert_equal(
        counts.labelmean_dice(regions),
        {name: mean_present(labels[label] for label in ids) for name, ids in regions.items()},
    )


@given(maps, maps)
def test_symmetric_and_complete(predicted: Ids, truth: Ids) -> None:
    there, back = confusion(predicted, truth, range(1, 7)), confusion(truth, predicted, range(1, 7))
    np.testing.assert_array_equal(there.counts, back.counts.T)
    assert there.counts.sum() == truth.size


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64, ">u2"])
def test_every_integer_type(dtype: str) -> None:
    truth = np.array([[0, 1, 2, 90]], dtype)
    assert confusion(truth, truth, [2, 90, 91]).counts.diagonal().tolist() == [2, 1, 1, 0]


def test_more_labels_than_a_16_bit_index_holds() -> None:
    truth = np.arange(1001, dtype=np.int32).repeat(
        70
    )  # (1000 + 1)^2 joint entries, more voxels than one block
    assert set(confusion(truth, truth, range(1, 1001)).label_dice().values()) == {1.0}


def test_ids_outside_the_table_are_background() -> None:
    predicted = np.array([-3, 1, 2_000_000_000, 1])
    assert confusion(predicted, np.array([1, 1, 5, 7]), [1]).counts.tolist() == [[1, 1], [1, 1]]


def test_background_and_repetitions_are_never_counted() -> None:
    counts = confusion(cube(0), cube(2), [0, 1, 1])
    assert counts.labels == (1,)
    assert counts.fused_dice({"r": (0, 1)}) == {"r": 0.75}
    assert counts.labelmean_dice({"r": (0, 1)}) == {"r": 0.75}


def test_an_empty_region_is_nan() -> None:
    counts = confusion(cube(0), cube(0), [1])
    assert math.isnan(counts.fused_dice({"r": ()})["r"])
    assert math.isnan(counts.labelmean_dice({"r": ()})["r"])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="one shape"):
        confusion(cube(0), cube(0)[1:], [1])
    with pytest.raises(DataError, match="integers"):
        confusion(cube(0).astype(np.float32), cube(0), [1])
    with pytest.raises(UsageError, match="-4"):
        confusion(cube(0), cube(0), [1, -4])
    with pytest.raises(UsageError, match="not counted"):
        Confusion((1,), np.zeros((2, 2), np.int64)).fused_dice({"r": (9,)})
