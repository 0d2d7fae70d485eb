"""A limit on how long a work may take, kept by the system's clock even where the work never comes back by itself."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class LateError(BaseException):
    """The time is over. No ``Exception``: a work that catches all of those does not outlive its limit."""


@contextmanager
def within(limit: float | None) -> Iterator[None]:
    """Raise ``LateError`` where the block takes longer than ``limit`` seconds (None: for ever).

    For the main thread, by SIGALRM. Whatever waits or runs Python is ended; a call into compiled code ends when that
    comes back.
    """
    if limit is None:
        yield
        return

    def late(_: int, __: FrameType | None) -> None:
        raise LateError(f"not done after {limit:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
