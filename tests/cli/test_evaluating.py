"""Where an evaluation goes, for a run and for a checkpoint."""

from pathlib import Path

import pytest

from contreg_cli.evaluating import Subject, _run_folder, _scans
from contreg_core.cache import CachedCohort
from contreg_core.cohort import Split


def test_a_run_and_a_checkpoint_in_it_are_one_place(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    checkpoint = tmp_path / "run" / "checkpoints" / "best.safetensors"
    checkpoint.touch()
    assert _run_folder(tmp_path / "run") == tmp_path / "run"
    assert _run_folder(checkpoint) == tmp_path / "run"


def test_a_model_file_is_scored_in_a_folder_of_its_name(tmp_path: Path) -> None:
    lone = tmp_path / "downloads" / "model.safetensors"
    lone.parent.mkdir()
    lone.touch()
    assert _run_folder(lone) == tmp_path / "downloads" / "model"


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
    subject = Subject("none", CachedCohort.open(file.parent), "", lambda *_: iter(()), None, held_out)
    assert [scan.id for scan in _scans(subject, split)] == expected
