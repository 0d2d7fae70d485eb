"""The TensorBoard extra: written where it is installed, a clear line where it is not."""

import sys
from pathlib import Path
from typing import Any

import pytest

from contreg import tensorboard
from contreg_core.errors import UnavailableError
from contreg_core.training.session import Progress
from contreg_core.training.validation import Validation

REPORT = Progress(3, 10, 1e-3, 4.0, {"loss": 0.5, "lncc": 0.4}, Validation(3, 0.7, "dice"))


class Writer:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.scalars: dict[str, tuple[float, int]] = {}
        self.closed = False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars[name] = (value, step)

    def close(self) -> None:
        self.closed = True


def test_every_value_and_the_validation_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    monkeypatch.setattr(tensorboard, "_writer", lambda folder: writer)
    with tensorboard.events(tmp_path, True) as mirror:
        mirror(REPORT)
    assert writer.scalars["training/lncc"] == (0.4, 3)
    assert writer.scalars["training/rate"] == (1e-3, 3)
    assert writer.scalars["validation/dice"] == (0.7, 3)
    assert writer.closed


def test_nothing_is_written_unless_wanted(tmp_path: Path) -> None:
    with tensorboard.events(tmp_path, False) as mirror:
        mirror(REPORT)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    missing: Any = pytest.raises(UnavailableError, match=r"contreg\[tensorboard\]")
    with missing, tensorboard.events(tmp_path, True):
        pass
