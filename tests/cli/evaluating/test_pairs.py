"""The scans of a split."""

from pathlib import Path

import pytest

from contreg.evaluating.evaluated_model import EvaluatedModel
from contreg.evaluating.pairs import _scans
from contreg_core.cache import CachedCohort
from contreg_core.cohort import Split


@pytest.mark.parametrize(
    ("held_out", "split", "expected"),
    [
        (2, "train", ["S01", "S02"]),
        (2, "validation", ["S03", "S04"]),
        (2, "test", ["S05", "S06"]),
        (0, "train", ["S01", "S02", "S03", "S04"]),
        (0, "validation", []),
    ],
)
def test_the_validation_split_is_what_the_recipe_holds_out(
    cache: Path, held_out: int, split: Split, expected: list[str]
) -> None:
    (file,) = cache.glob("*/cohort.json")
    subject = EvaluatedModel("none", CachedCohort.open(file.parent), "", lambda *_: iter(()), None, held_out)
    assert [scan.id for scan in _scans(subject, split)] == expected
