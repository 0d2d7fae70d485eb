"""The pictures of one pair: a part of a slice is the same part of the whole, and the one where methods differ."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contreg.benchmark import gallery
from contreg.reporting.cut import Cut
from contreg.reporting.example import Example
from contreg_core.cohort import Label

SIZE = (12, 14, 10)


@pytest.fixture
def example() -> Example:
    """A brain of two labels, registered with a displacement of 0."""
    image = np.random.default_rng(0).random(SIZE).astype(np.float32)
    labels = np.ones(SIZE, np.uint8)
    labels[6:] = 2
    return Example(
        moving_id="M", fixed_id="F", moving=image, fixed=image, warped=image, mask=np.ones(SIZE, bool),
        displacement=np.random.default_rng(1).random((3, *SIZE)).astype(np.float32), determinant=np.ones(SIZE),
        deviation=None, moving_labels=labels, fixed_labels=labels, carried=labels, affine=np.diag((2.0, 2, 2, 1)),
        labels=(Label(1, "one"), Label(2, "two")), headline="fused", before=0.5, after=0.75, seconds=1.0,
    )  # fmt: skip


def test_a_part_is_what_the_whole_has_there(example):
    whole = Cut(example, 2, 0, 1)
    part = whole.zoomed((3, 9, 2, 7))
    np.testing.assert_array_equal(part.of(example.fixed), whole.of(example.fixed)[3:9, 2:7])
    for axis in (0, 1):
        np.testing.assert_array_equal(part.position(axis), whole.position(axis)[3:9, 2:7])
    assert part.extent == (1.5, 6.5, 2.5, 8.5)
    assert whole.extent == (-0.5, 11.5, -0.5, 13.5)


def test_the_window_lies_where_some_are_right_and_others_wrong(example):
    assert example.carried is not None
    wrong = example.carried.copy()
    wrong[8:11, 2:5] = 1  # right to the second half, low along the second axis
    cuts = [Cut(example, 2, 0, 1), Cut(replace(example, carried=wrong), 2, 0, 1)]
    low, high, left, right = gallery._window(cuts)
    assert low <= 3 < high <= 14
    assert left <= 9 < right <= 12
    assert gallery._window([cuts[0], cuts[0]])[0] >= 0


def test_three_pictures_with_labels_and_two_without(example, tmp_path: Path):
    methods = [gallery.Method("one", example), gallery.Method("two", example)]
    drawn = gallery.draw_gallery(methods, tmp_path)
    assert [path.name for path in drawn] == ["figure-images.png", "figure-labels.png", "figure-fields.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    bare = replace(example, moving_labels=None, fixed_labels=None, carried=None)
    drawn = gallery.draw_gallery([gallery.Method("one", bare)], tmp_path / "bare")
    assert [path.name for path in drawn] == ["figure-images.png", "figure-fields.png"]
