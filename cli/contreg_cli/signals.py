"""Being stopped: SIGTERM and SIGUSR1 (a job system wants its machine back) are exit 75, Ctrl-C is 130."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from contreg_cli.failure import PreemptedError, explain

_PREEMPTION = (signal.SIGTERM, signal.SIGUSR1)


@contextmanager
def ended() -> Iterator[None]:
    """A preemption ends the work where it is, as Ctrl-C does: finished files are whole, temporary ones go."""

    def end(number: int, frame: FrameType | None) -> None:
        preempted = PreemptedError(signal.Signals(number).name)
        if _importing(frame):  # an exception there may end a C++ library, and the process with SIGABRT (seen)
            os._exit(explain(preempted))
        raise preempted

    with _handled(dict.fromkeys(_PREEMPTION, end)):
        yield


@contextmanager
def asked(stop: Callable[[], None] | None = None) -> Iterator[list[int]]:
    """Signals received meanwhile; the first calls ``stop`` and lets the work end, the second ends it at once (130)."""
    received: list[int] = []

    def receive(number: int, _: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        if stop is not None:
            stop()

    with _handled(dict.fromkeys((signal.SIGINT, *_PREEMPTION), receive)):
        yield received


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being loaded."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def _handled(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the first is given signals
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
