"""Where a result came from: what is said of the machine, and that no folder of a person is."""

from pathlib import Path

import pytest
import torch

from contreg_core import provenance as module
from contreg_core.provenance import finished, provenance

MODULE = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 2025\nGCC version:  gcc 12\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.12  Release Build\n"


def test_a_cpu_has_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    record = provenance("cpu", {}, ["fit"])
    assert not {"cuda", "driver"} & record.keys()
    assert record["command"] == ["contreg", "fit"]
    assert record["processors"] >= 1


@pytest.mark.parametrize(("text", "driver"), [(MODULE, "580.65.06"), (OPEN, "570.12"), ("", ""), (None, "")])
def test_a_gpu_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, driver: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(module, "_DRIVER", tmp_path / "version")
    if text is not None:
        (tmp_path / "version").write_text(text)
    record = provenance("cuda", {})
    assert (record["cuda"], record["driver"]) == ("13.0", driver)


def test_no_folder_above_a_file_is_told(tmp_path: Path) -> None:
    record = provenance("cpu", {}, ["register", str(tmp_path / "a.nii"), "b.nii"])
    assert record["command"] == ["contreg", "register", ".../a.nii", "b.nii"]
    assert str(tmp_path) not in str(record)


def test_work_that_ended_says_when_and_how() -> None:
    record = provenance("cpu", {})
    ended = finished(record)
    assert ended["finished"] >= record["started"]
    assert ended["exit_code"] == 0
    assert "finished" not in record
