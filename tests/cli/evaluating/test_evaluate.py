"""Where an evaluation goes, for a run and for a checkpoint."""

from pathlib import Path

from contreg.evaluating.evaluate import _run_folder


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
