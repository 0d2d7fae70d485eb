"""One pair scored."""

import math
from typing import Any

import numpy as np
import pytest

from contreg_core.cohort import Protocol
from contreg_core.errors import DataError
from contreg_core.evaluation.score import PairScore, score_pair

PROTOCOL = Protocol("toy/contreg", labels=(1, 2, 3), regions={"both": (1, 2), "lost": (3,)})


def boxes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    volume = np.zeros((20, 12, 12), np.uint8)
    volume[4:8, 2:10, 2:10], volume[8:12, 2:10, 2:10] = 1, 2
    return volume


def shift(voxels: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    displacement = np.zeros((3, 20, 12, 12), np.float32)
    displacement[0] = voxels
    return displacement


def score(displacement: np.ndarray[Any, np.dtype[np.float32]], **more: Any) -> PairScore:
    moving = np.roll(boxes(), 2, axis=0)
    return score_pair(moving, boxes(), displacement, (2.0, 1.0, 1.0), PROTOCOL, moving="a", fixed="b", **more)


@pytest.mark.parametrize("label_mode", ["nearest", "linear"])
def test_the_true_displacement_is_perfect(label_mode: str) -> None:
    found = score(shift(2), label_mode=label_mode, seconds=1.5, peak_memory_mib=70)
    assert found.dice_fused["both"] == found.dice_labelmean["both"] == 1
    assert (found.dice_label[1], found.dice_label[2]) == (1, 1)
    assert (found.hd95, found.assd, found.surface_missing) == (0, 0, 0)
    assert (found.folding_percent, found.sdlogj) == (0, 0)
    assert (found.seconds, found.peak_memory_mib) == (1.5, 70)


def test_the_dice_before_registration_is_kept() -> None:
    found = score(shift(2))
    assert found.initial_fused["both"] == 0.75
    assert found.initial_labelmean["both"] == 0.5
    assert found.initial_label[1] == 0.5


def test_no_displacement_scores_the_initial_overlap() -> None:
    found = score(shift(0))
    assert found.dice_fused == pytest.approx(found.initial_fused, nan_ok=True)
    assert found.hd95 == pytest.approx(4.0)  # two voxels of 2 mm


def test_a_region_absent_in_both_is_nan() -> None:
    found = score(shift(0))
    assert math.isnan(found.dice_fused["lost"])
    assert math.isnan(found.dice_labelmean["lost"])
    assert math.isnan(found.dice_label[3])


def test_a_label_lost_by_the_warp_is_counted() -> None:
    found = score(shift(-9))  # label 2 stays at the far end, label 1 leaves the fixed one
    assert found.dice_fused["both"] == 0
    pushed_out = score(shift(-15))
    assert pushed_out.surface_missing == 2
    assert math.isnan(pushed_out.hd95)


def test_labels_that_only_regions_name_are_counted_but_not_listed() -> None:
    protocol = Protocol("toy", labels=(1,), regions={"both": (1, 2)})
    found = score_pair(boxes(), boxes(), shift(0), (1, 1, 1), protocol, moving="a", fixed="b")
    assert found.dice_fused == {"both": 1}
    assert found.dice_label == {1: 1}


def test_similarity_needs_both_images() -> None:
    image = np.random.default_rng(0).random((20, 12, 12))
    assert math.isnan(score(shift(0), warped=image).similarity)
    assert score(shift(0), warped=image, fixed_image=2 * image).similarity == pytest.approx(1)


def test_a_mask_limits_folding() -> None:
    folded, mask = shift(0), np.zeros((20, 12, 12), np.bool_)
    folded[0] = -2 * np.arange(20, dtype=np.float32)[:, None, None]
    folded[:, :10] = 0
    mask[:5] = True
    found = score(folded, mask=mask)
    assert found.folding_percent > 40
    assert found.folding_percent_mask == 0


def test_subjects_default_to_the_scans() -> None:
    assert score(shift(0)).subjects == ("a", "b")
    assert not score(shift(0)).identity
    assert score(shift(0), moving_subject="p", fixed_subject="p").identity


def test_two_grids_are_refused() -> None:
    with pytest.raises(DataError, match="one grid"):
        score_pair(boxes()[1:], boxes(), shift(0), (1, 1, 1), PROTOCOL, moving="a", fixed="b")


def test_merged_labels_are_scored_as_one() -> None:
    merged = Protocol("toy", labels=(1,), regions={"all": (1,)}, merge={2: 1})
    swapped = np.where(
        boxes() > 0, 3 - boxes().astype(int), 0
    )  # 1 and 2 change places: one label to the protocol
    found = score_pair(swapped, boxes(), shift(0), (1, 1, 1), merged, moving="a", fixed="b")
    assert found.dice_label == {1: 1.0}
    assert found.dice_labelmean == found.initial_labelmean == {"all": 1.0}
    assert PROTOCOL.merged(boxes()).tolist() == boxes().tolist()
    assert set(np.unique(merged.merged(boxes()))) == {0, 1}


@pytest.mark.parametrize("merge", [{}, {2: 1}, {1: 300, 2: 300}, {1: 2, 2: 1}])
def test_a_merge_replaces_ids_once_whatever_the_type_holds(merge: dict[int, int]) -> None:
    merged = Protocol("toy", labels=(), regions={}, merge=merge).merged(boxes())
    assert merged.tolist() == np.vectorize(lambda label: merge.get(int(label), int(label)))(boxes()).tolist()
