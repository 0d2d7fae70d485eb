"""Classes of a supervised model: from labels to numbers, the other side, and what may not be."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from contreg_core.classes import LabelClass, class_map, classes_of, other_side
from contreg_core.cohort import Label, Protocol
from contreg_core.errors import MismatchError

TABLE = (Label(11, "a", "L"), Label(12, "a", "R"), Label(20, "b", "M"), Label(31, "c", "L"), Label(40, "a"))
PROTOCOL = Protocol("p", (11, 12, 20), {"both": (11, 12), "middle": (20,)}, merge={31: 20})
MAP = np.array([[0, 11, 12, 20, 31, 40]], np.uint8)


@pytest.mark.parametrize(
    ("kind", "numbers"), [("regions", [0, 1, 1, 2, 2, 0]), ("labels", [0, 1, 2, 3, 3, 0])]
)
def test_a_label_map_in_class_numbers(kind, numbers):
    """What is merged counts as what it is merged into; what is in no class is background."""
    assert class_map(MAP, classes_of(PROTOCOL, TABLE, kind), PROTOCOL).tolist() == [numbers]


def test_the_other_side_has_the_same_name():
    assert other_side(TABLE) == {11: 12, 12: 11}


def test_mirrored_numbers_are_those_of_the_exchanged_labels():
    classes = classes_of(PROTOCOL, TABLE, "labels")
    mirrored = class_map(MAP, classes, PROTOCOL, other_side(TABLE))
    swapped = np.array([[0, 12, 11, 20, 31, 40]], np.uint8)
    assert np.array_equal(mirrored, class_map(swapped, classes, PROTOCOL))


def test_ids_are_the_labels_own_or_count_the_regions():
    assert [one.id for one in classes_of(PROTOCOL, TABLE, "labels")] == [11, 12, 20]
    assert [(one.id, one.name) for one in classes_of(PROTOCOL, TABLE, "regions")] == [
        (1, "both"),
        (2, "middle"),
    ]


@pytest.mark.parametrize("kind", ["regions", "labels"])
def test_they_survive_json(kind):
    for one in classes_of(PROTOCOL, TABLE, kind):
        assert LabelClass.read(json.loads(json.dumps(asdict(one)))) == one


def test_a_label_in_two_regions_is_refused():
    double = Protocol("p", (1, 2), {"one": (1, 2), "two": (2,)})
    with pytest.raises(MismatchError, match="labels 2 are in two regions"):
        classes_of(double, TABLE, "regions")
    assert len(classes_of(double, TABLE, "labels")) == 2
