"""Scores of predicted classes: as those of a label map where they tell as much, absent where they do not."""

import math

import numpy as np
import pytest

from contreg_core.classes import LabelClass, class_map, classes_of
from contreg_core.cohort import Label, Protocol
from contreg_core.evaluation import confusion, summarise
from contreg_core.evaluation.segmented import beside, score_labels

PROTOCOL = Protocol("p", (1, 2, 3), {"pair": (1, 2), "single": (3,)})
TABLE = [Label(number, "") for number in (1, 2, 3)]
RNG = np.random.default_rng(0)
TRUTH, GUESS = (RNG.integers(0, 4, (6, 5, 4)).astype(np.uint8) for _ in range(2))
COUNTS = confusion(GUESS, TRUTH, (1, 2, 3))


def test_of_labels_everything_is_scored():
    classes = classes_of(PROTOCOL, TABLE, "labels")
    found = score_labels(class_map(GUESS, classes, PROTOCOL), TRUTH, classes, PROTOCOL, (1.0, 1.0, 1.0))
    assert found.dice_fused == COUNTS.fused_dice(PROTOCOL.regions)
    assert found.dice_labelmean == COUNTS.labelmean_dice(PROTOCOL.regions)
    assert found.dice_label == COUNTS.label_dice()
    assert found.hd95 >= 0
    assert found.assd >= 0


def test_of_regions_fused_dice_and_what_is_one_label():
    classes = classes_of(PROTOCOL, TABLE, "regions")
    found = score_labels(class_map(GUESS, classes, PROTOCOL), TRUTH, classes, PROTOCOL)
    assert found.dice_fused == COUNTS.fused_dice(PROTOCOL.regions)
    assert found.dice_labelmean == {"single": COUNTS.label_dice()[3]}
    assert found.dice_label == {3: COUNTS.label_dice()[3]}


def test_a_region_drawn_otherwise_is_not_scored():
    """Classes of another protocol: a part of the region, or more than it."""
    for labels in ((1,), (1, 2, 3)):
        other = [LabelClass(1, "pair", labels)]
        assert (
            "pair" not in score_labels(class_map(GUESS, other, PROTOCOL), TRUTH, other, PROTOCOL).dice_fused
        )


def test_beside_a_pair_and_in_a_summary():
    classes = classes_of(Protocol("p", (1, 2), {"pair": (1, 2)}), TABLE, "regions")
    protocol = Protocol("p", (1, 2), {"pair": (1, 2)})
    score = score_labels(class_map(GUESS, classes, protocol), TRUTH, classes, protocol, (1.0, 1.0, 1.0))
    names = ("a", "b", "c")
    rows = [beside(score, GUESS, TRUTH, protocol, moving=m, fixed=f) for m in names for f in names if m != f]
    assert rows[0].initial_fused == COUNTS.fused_dice(protocol.regions)
    assert math.isnan(rows[0].folding_percent)
    summary = summarise(rows, protocol)
    assert summary["dice"] == pytest.approx(COUNTS.fused_dice(protocol.regions)["pair"])
    nothing = (
        "dice_labelmean",
        "dice_labels",
        "folding_percent",
        "sdlogj",
        "similarity",
        "hd95_mm",
        "seconds",
    )
    assert {key: summary[key] for key in nothing} == dict.fromkeys(nothing)
    assert summary["initial"]["dice_labelmean"] is not None
