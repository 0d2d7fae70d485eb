"""What keeps the compiled loops from ending the process."""

import os
import subprocess
import sys

import pytest
from numba import njit

from contreg_core.evaluation import kernels

FORK = """
import os, numpy as np
from contreg_core.labels import warp_labels
labels, displacement = np.eye(6, dtype=np.uint8), np.full((2, 6, 6), 0.3, np.float32)
parent = warp_labels(labels, displacement)
child = os.fork()
if child == 0:
    os._exit(0 if (warp_labels(labels, displacement) == parent).all() else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_survives_and_agrees() -> None:
    result = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_threads_may_call_at_once(layer: str) -> None:
    script = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "import numpy as np\n"
        "from contreg_core.labels import warp_labels\n"
        "labels, u = np.ones((30, 30, 30), np.uint8), np.zeros((3, 30, 30, 30), np.float32)\n"
        "list(Pool(4).map(lambda _: warp_labels(labels, u), range(40)))\n"
    )
    environment = {**os.environ, "NUMBA_THREADING_LAYER": layer}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stderr


def test_kernels_work_where_no_cache_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*, parallel: bool, cache: bool = False) -> object:
        if cache:
            raise RuntimeError("no locator available")
        return njit(parallel=parallel)

    monkeypatch.setattr("contreg_core.evaluation.kernels.njit", read_only)
    assert kernels.compiled(lambda a: a + 1, parallel=False)(2) == 3
