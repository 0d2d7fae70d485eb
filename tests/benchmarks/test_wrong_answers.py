"""What was tried on brains still holds of the limits, and each fault does what it says."""

import numpy as np
import pytest

from benchmarks.wrong_answers.cases import Case, cases
from benchmarks.wrong_answers.faults import FAULTS, Damaged
from benchmarks.wrong_answers.subjects import Folders
from benchmarks.wrong_answers.table import (
    PAGE,
    PAIRS,
    ROOT,
    UNSEEN,
    documented,
    kinds,
    read,
    signs,
    warned,
    wrong,
)
from benchmarks.wrong_answers.trial import tried
from contreg.loading import load
from contreg_core.inference.trained import registering

LPBA40 = ROOT / ".data/VoxelMorph-torch-master/LPBA40"
SHAPE = (18, 20, 16)


@pytest.fixture
def rows() -> list[dict[str, str]]:
    return read(PAIRS)


@pytest.fixture
def whole() -> Damaged:
    rng = np.random.default_rng(0)
    mask = np.zeros(SHAPE, np.bool_)
    mask[1:-1, 1:-1, 1:-1] = True
    labels = rng.integers(1, 5, SHAPE).astype(np.int32) * mask
    return Damaged((rng.random(SHAPE) * mask).astype(np.float32), mask, labels)


def test_of_the_wrong_pairs_95_percent_are_caught_at_one_percent_of_false_alarms(
    rows: list[dict[str, str]],
) -> None:
    right = [row for row in rows if row["kind"] == "right"]
    bad = [row for row in rows if wrong(row) and row["kind"] != UNSEEN]
    assert min(len(right), len(bad)) >= 10
    assert sum(map(warned, right)) <= 0.01 * len(right)
    assert sum(map(warned, bad)) >= 0.95 * len(bad)


def test_the_page_shows_the_pairs(rows: list[dict[str, str]]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert documented(page, rows) == page, "run python -m benchmarks.wrong_answers.table"


def test_a_pair_is_wrong_where_its_labels_are_no_better_than_by_the_right_affine_stage() -> None:
    row = {"kind": "hole", "right_affine": "0.5", "found": "0.6", "local_right_affine": "", "local_found": ""}
    assert not wrong(row)
    assert wrong(row | {"found": "0.5"})
    assert wrong(row | {"local_right_affine": "0.6", "local_found": "0.5"})
    assert not wrong(row | {"kind": "right", "found": "0.4"})


def test_the_tables_have_a_line_for_every_kind_and_sign(rows: list[dict[str, str]]) -> None:
    assert len(list(kinds(rows))) > len({row["kind"] for row in rows})
    (found,) = (line for line in signs(rows) if line.startswith("| `edges_before`"))
    assert found.count("|") == 6


def test_a_beginning_of_the_cases_has_all_kinds() -> None:
    assert {case.kind for case in list(cases())[:60]} == {*FAULTS, "right", "patient", "patientauto"}
    assert len(set(cases())) == len(list(cases()))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_keeps_to_the_brain(kind: str, whole: Damaged) -> None:
    found = FAULTS[kind](whole, np.random.default_rng(1), np.roll(whole.mask, 3, axis=0))
    assert not np.array_equal(found.image, whole.image)
    assert not found.image[~found.mask].any()
    assert sorted(found.image.shape) == sorted(SHAPE)
    if found.lost is not None:
        assert np.array_equal(found.mask | found.lost, whole.mask)
        assert not (found.mask & found.lost).any()


def test_a_turned_brain_is_a_rotated_one(whole: Damaged) -> None:
    """Every voxel keeps its neighbours, and no voxel is lost."""
    found = FAULTS["turned"](whole, np.random.default_rng(1), whole.mask)
    assert sorted(found.image.ravel()) == sorted(whole.image.ravel())
    assert found.mask.sum() == whole.mask.sum()


@pytest.mark.skipif(not LPBA40.exists(), reason="no LPBA40 here")
def test_real_brains_turned_and_not() -> None:
    loaded = load("svf-adam", settings=["solver.levels=[8,4]", "solver.steps=[20,20]", "solver.full=0"])
    model = registering(loaded.model, loaded.name)
    folders = Folders(LPBA40, ROOT, ROOT)
    right, turned = (tried(model, folders, Case(kind, "S04", "S07")) for kind in ("right", "turned"))
    assert not warned(right)
    assert warned(turned)
    assert turned["found"] < right["found"]
