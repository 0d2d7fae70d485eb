"""The peak of memory is that of the work, not of the work before it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from contreg_core.memory import peak_mib, reset_peak


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forget a peak")
def test_a_reset_forgets_what_was_given_back() -> None:
    reset_peak()
    before = peak_mib()
    block = np.ones((200, 2**17))  # 1 MiB a row
    high = peak_mib()
    assert high > before + 150
    del block
    assert peak_mib() == high
    reset_peak()
    assert peak_mib() < high - 150


def test_a_system_that_cannot_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refuse)
    reset_peak()
    assert peak_mib() > 0
