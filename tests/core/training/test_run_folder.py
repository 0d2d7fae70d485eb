"""The run folder: its log survives kills, and a resumed run writes the same lines again."""

import io
from pathlib import Path
from typing import Any

import pytest

from contreg_core.errors import DataError, MissingError, OutputError, RetryError, StorageError
from contreg_core.training.run_folder import RunFolder


def test_log_read_rewind(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.read_metrics() == []
    run.rewind(0)
    for step in (20, 40, 40, 60):
        run.log({"step": step, "loss": 0.1})
    run.rewind(40)
    assert [line["step"] for line in run.read_metrics()] == [20, 40, 40]
    run.rewind(0)
    assert run.read_metrics() == []


def test_one_process_trains_in_a_folder(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs/own")
    with run.alone():
        with pytest.raises(RetryError, match="another process trains in this folder"), run.alone():
            pass
        run.log({"step": 1})
    with run.alone():
        assert run.read_metrics() == [{"step": 1}]


def test_a_training_that_does_not_begin_leaves_no_folder(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs/own")
    with pytest.raises(MissingError), run.alone():
        run.model_checkpoint()
    assert not run.path.exists()


def test_half_a_last_line_is_left_out_and_then_dropped(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.log({"step": 20})
    with run.metrics.open("a") as file:
        file.write('{"step": 4')
    assert run.read_metrics() == [{"step": 20}]
    run.rewind(40)
    run.log({"step": 40})
    assert run.read_metrics() == [{"step": 20}, {"step": 40}]


def test_a_whole_line_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.metrics.write_text("spam\n")
    with pytest.raises(DataError, match="not JSON lines"):
        run.read_metrics()


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        RunFolder(tmp_path / "absent").log({})


def test_the_model_is_the_best_checkpoint_or_the_last(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(MissingError, match="no checkpoint"):
        run.model_checkpoint()
    run.checkpoint("last").parent.mkdir()
    run.checkpoint("last").touch()
    assert run.model_checkpoint() == run.checkpoint("last")
    run.checkpoint("best").touch()
    assert run.model_checkpoint() == run.checkpoint("best")


def test_a_line_is_logged_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full after half of it; what is logged later is not glued to that half."""
    run = RunFolder(tmp_path)
    run.log({"step": 20})
    opened = Path.open

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            return super().write(bytes(data)[:5])

    monkeypatch.setattr(Path, "open", lambda path, *_, **__: Full(path, "a"))
    with pytest.raises(StorageError):
        run.log({"step": 40})
    monkeypatch.setattr(Path, "open", opened)
    run.log({"step": 60})
    assert run.read_metrics() == [{"step": 20}, {"step": 60}]
