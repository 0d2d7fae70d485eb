"""What stands between contreg and a person: lines, progress, requests to stop, which plugins may be loaded.

A front is what calls the library: a Python program, a notebook, the shell. Each says things in its own way; what is
said is decided here, once.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


class ContregWarning(UserWarning):
    """Something that may be wrong with what was read or found."""


class Bar(Protocol):
    """Progress of a long work."""

    def update(self, done: int, text: str = "", total: int | None = None, left: float | None = None) -> None:
        """``done`` of ``total`` (as before, if not given) are finished; ``text`` says more.

        ``left``: the seconds to go, where they are known better than from the speed.
        """

    def say(self, line: str) -> None:
        """A line that stays."""


@dataclass(frozen=True)
class Front:
    """A Python program: silent but for warnings. ``allow``: the plugins that may be loaded (None: all, or what
    ``CONTREG_PLUGINS`` says); without ``plugins`` contreg's own only; ``strict`` stops where one cannot be loaded.
    ``progress_to`` is called with (what is done, items finished, items in all).
    """

    allow: tuple[str, ...] | None = None
    plugins: bool = True
    strict: bool = False
    progress_to: Callable[[str, int, int], None] | None = None

    def silent(self) -> "Front":
        """For another process: the same without a callback, which cannot go there."""
        return replace(self, progress_to=None)

    def say(self, line: str, *, aside: bool = False) -> None:
        """A line of the answer; ``aside`` where it is about the work, not part of the answer."""

    def warn(self, line: str) -> None:
        """Something to look at."""
        warnings.warn(line, ContregWarning, stacklevel=3)

    def progress(self, label: str, total: int, done: int = 0) -> AbstractContextManager[Bar]:
        """A bar; ``done`` of ``total`` items were finished before."""
        return nullcontext(_Counted(label, total, self.progress_to))

    def listening(self, stop: Callable[[], None] | None = None) -> AbstractContextManager[list[int]]:
        """Signals that ask for an end, as they come; the first calls ``stop``. A Python program has its own."""
        return nullcontext([])

    def loaded(self, catalogue: "Catalogue") -> None:
        """Called with a catalogue that has been loaded."""


class _Counted:
    def __init__(self, label: str, total: int, tell: Callable[[str, int, int], None] | None) -> None:
        self.label, self.total, self.tell = label, total, tell

    def update(self, done: int, text: str = "", total: int | None = None, left: float | None = None) -> None:
        self.total = total or self.total
        if self.tell is not None:
            self.tell(f"{self.label} {text}".rstrip(), done, self.total)

    def say(self, line: str) -> None:
        pass


_PYTHON = Front()
_current: ContextVar[Front] = ContextVar("front", default=_PYTHON)


def front() -> Front:
    """The one in use."""
    return _current.get()


@contextmanager
def using(other: Front) -> Iterator[None]:
    """``other`` is the front inside the block."""
    token = _current.set(other)
    try:
        yield
    finally:
        _current.reset(token)
