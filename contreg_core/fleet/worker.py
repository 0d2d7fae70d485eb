"""What runs in a worker process; imported there first, so it imports nothing heavy."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from types import FrameType
from typing import Any, NoReturn

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_alone = threading.Lock()
_work: Callable[[Any], Any] | None = None


def begin(work: Callable[[Any], Any], threads: int) -> None:
    """Once in a process: the function of every item, and this process's share of the cores."""
    global _work
    _work = work
    # Ctrl-C reaches the whole group; only the first process answers, with one line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    if torch := sys.modules.get("torch"):  # read the environment before this
        torch.set_num_threads(threads)


def perform(item: Any) -> Any:
    """The function of ``begin`` on one item."""
    assert _work is not None
    return _work(item)


def perform_alone(work: Callable[[Any], Any], item: Any) -> Any:
    """``work(item)``, one at a time in a process: torch's random numbers and threads belong to the process."""
    with _alone:
        return work(item)


def hold(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A task whose result is the function itself: a cluster keeps it, and makes it again where a worker is lost."""
    return work


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Through every ``finally``, so that no temporary file stays."""
    raise SystemExit(128 + number)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
