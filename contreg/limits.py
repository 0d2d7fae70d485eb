"""What one image may cost: memory, with a second and smaller try, and time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from contreg.front import front
from contreg_core import late
from contreg_core.errors import DataError

T = TypeVar("T")


@contextmanager
def within(text: str | None) -> Iterator[None]:
    """Raise ``DataError`` where the block takes longer than ``text`` ("90s", "10m"; None: for ever)."""
    from contreg.times import seconds

    try:
        with late.within(None if text is None else seconds(text)):
            yield
    except late.LateError:
        raise DataError(f"not done after --timeout {text}", "allow more time", code="PLUG-59") from None


def sparing(work: Callable[[], T]) -> T:
    """``work()``; where memory does not suffice once more in bfloat16, and then an ``UnavailableError``."""
    from contreg_core.memory import sparingly

    return sparingly(work, front().warn)
