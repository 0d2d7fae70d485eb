"""The compiled loops start late, share their threads, and survive forks and read-only folders."""

import os
import subprocess
import sys

import pytest
import torch
from numba import njit

from contreg_core.kernels.loops import machine

LATE = """
import sys, torch
from contreg_core import spatial
assert "numba" not in sys.modules
spatial.warp(torch.ones(1, 1, 4, 4), torch.zeros(1, 2, 4, 4))
assert "numba" in sys.modules
"""
SHARED = """
import os, torch
from concurrent.futures import ThreadPoolExecutor as Pool
from contreg_core import spatial
torch.set_num_threads(2)
v = torch.rand(1, 3, 30, 30, 30).requires_grad_()
def gradient(_):
    return torch.autograd.grad(spatial.integrate(v, 3).square().sum(), v)[0]
first = gradient(0)
assert all(torch.equal(first, other) for other in Pool(4).map(gradient, range(12)))
assert torch.get_num_threads() == 2
if hasattr(os, "fork"):
    # so small that torch, which hangs in a fork after using its threads, does not use them for the rest
    image, u = torch.rand(1, 1, 26, 26, 26), torch.rand(1, 3, 26, 26, 26)
    expected = spatial.warp(image, u)
    child = os.fork()
    if child == 0:
        os._exit(0 if torch.equal(spatial.warp(image, u), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.parametrize("script", [LATE, SHARED])
def test_in_a_process_of_its_own(script: str) -> None:
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_loops_work_where_no_cache_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*, cache: bool = False, **settings: object) -> object:
        if cache:
            raise RuntimeError("no locator available")
        return njit(**settings)

    monkeypatch.setattr(machine, "njit", read_only)
    assert machine.compiled(lambda a: a + 1)(2) == 3


def test_cuts_cover_all_rows_once() -> None:
    for rows in (1, 2, 7, 96):
        for parts in (1, 2, 5, 200):
            pieces = machine.cuts(rows, parts)
            assert [row for piece in pieces for row in range(*piece)] == list(range(rows))
            assert len(pieces) == min(rows, parts)


def test_threads_follow_torch_and_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.config, "NUMBA_NUM_THREADS", 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert machine.threads(10**6) == 3
    assert machine.threads(100) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert machine.threads(10**6) == 2


def test_an_error_in_any_thread_reaches_the_caller() -> None:
    def loop(start: int, stop: int, wrong: int) -> None:
        if start <= wrong < stop:
            raise ValueError(f"row {wrong}")

    for wrong in (0, 9):
        with pytest.raises(ValueError, match=f"row {wrong}"):
            machine.run([(loop, (*cut, wrong)) for cut in machine.cuts(10, 2)])
