"""Machine code for a loop, and threads to run it on.

A loop takes ``start, stop`` and works on those rows only, outside Python's lock. Rows are shared among ordinary Python
threads, not numba's own: those end the process when two callers meet or a forked child calls, and numba's OpenMP layer
resets torch's thread count.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import torch
from numba import config, njit

Loop = TypeVar("Loop", bound=Callable[..., object])

# Fused multiply-add only: a loop's sums are made in the order it says, and NaN must stay NaN.
_FAST = {"contract"}
# In the order of the vector registers of the machine: the same bits on every call, not on every machine.
_IN_PARTS = {"contract", "reassoc"}
_SMALL = 2**14
_pools: dict[int, ThreadPoolExecutor] = {}


def compiled(function: Loop) -> Loop:
    """``function`` as machine code, kept on disk where numba finds a folder it may write to."""
    return _compiled(function, _FAST)


def in_parts(function: Loop) -> Loop:
    """``compiled``, and long sums are made in parts that are added up at the end."""
    return _compiled(function, _IN_PARTS)


def _compiled(function: Loop, fast: set[str]) -> Loop:
    settings: dict[str, Any] = {"nogil": True, "fastmath": fast, "error_model": "numpy"}
    try:
        return cast(Loop, njit(cache=True, **settings)(function))
    except RuntimeError:  # neither the package folder nor the user's cache folder is writable
        return cast(Loop, njit(**settings)(function))


def threads(work: int) -> int:
    """Threads for ``work`` voxels: torch's number, at most numba's; one where sharing costs more than it saves."""
    return 1 if work < _SMALL else max(1, min(torch.get_num_threads(), int(config.NUMBA_NUM_THREADS)))


def cuts(rows: int, parts: int) -> list[tuple[int, int]]:
    """``rows`` in at most ``parts`` even pieces, as (start, stop)."""
    parts = max(1, min(rows, parts))
    return [(rows * k // parts, rows * (k + 1) // parts) for k in range(parts)]


def share(loop: Callable[..., object], rows: int, work: int, *arguments: object) -> None:
    """Run ``loop(start, stop, *arguments)`` over all rows, on as many threads as ``work`` voxels deserve."""
    run([(loop, (*cut, *arguments)) for cut in cuts(rows, threads(work))])


def run(calls: list[tuple[Callable[..., object], tuple[object, ...]]]) -> None:
    """All calls at once, the first on this thread."""
    others = [_pool().submit(loop, *arguments) for loop, arguments in calls[1:]]
    try:
        loop, arguments = calls[0]
        loop(*arguments)
    finally:
        for other in others:
            other.exception()
    for other in others:
        other.result()


def _pool() -> ThreadPoolExecutor:
    """The threads of this process: a fork does not copy them."""
    home = os.getpid()
    if home not in _pools:
        _pools[home] = ThreadPoolExecutor(int(config.NUMBA_NUM_THREADS), "contreg-loop")
    return _pools[home]
