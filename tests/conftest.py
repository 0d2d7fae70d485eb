"""What holds for the whole suite: one thread a process, no deadlines, no network, GPU tests skipped without a GPU."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.network import block

# Here and in every program a test starts, so that both round alike; and two threads that wait for each other over
# tensors this small take twenty times as long on a busy machine. Before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("contreg", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("contreg")
block()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not _cuda():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _cuda() -> bool:
    import torch

    return torch.cuda.is_available()
