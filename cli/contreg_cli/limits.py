"""What one image may cost: memory, with a second and smaller try, and time."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import click

from contreg_core.errors import DataError

T = TypeVar("T")

timeout = click.option(
    "--timeout", metavar="TIME", help="Give an image up after this long, e.g. 10m; the others go on."
)


@contextmanager
def within(text: str | None) -> Iterator[None]:
    """Raise ``DataError`` where the block takes longer than ``text`` ("90s", "10m"; None: for ever)."""
    if text is None:
        yield
        return
    from contreg_cli.times import seconds

    def late(_: int, __: FrameType | None) -> None:
        raise DataError(f"not done after --timeout {text}", "allow more time", code="PLUG-59")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds(text))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def sparing(work: Callable[[], T]) -> T:
    """``work()``; where memory does not suffice once more in bfloat16, and then an ``UnavailableError``."""
    from contreg_core.memory import sparingly

    return sparingly(work, lambda line: click.echo(f"warning: {line}", err=True))
