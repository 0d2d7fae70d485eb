"""Several threads on any machine, however small the grid."""

from collections.abc import Callable

import pytest

from contreg_core.kernels.loops import machine


@pytest.fixture
def on_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that sets how many pieces the loops are cut into."""
    return lambda count: monkeypatch.setattr(machine, "threads", lambda work: count)
