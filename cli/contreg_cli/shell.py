"""The shell as a front: lines on stdout and stderr, bars, signals, and what the options before the command say."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contreg.front import Bar, Front, front
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


@dataclass(frozen=True)
class Shell(Front):
    """``arguments``: all of the command line."""

    debug: bool = False
    arguments: tuple[str, ...] = ()

    def say(self, line: str, *, aside: bool = False) -> None:
        """On stdout, ``aside`` on stderr."""
        echo(line, err=aside)

    def warn(self, line: str) -> None:
        """On stderr."""
        echo(f"warning: {line}", err=True)

    def progress(self, label: str, total: int, done: int = 0) -> AbstractContextManager[Bar]:
        """A bar on a terminal, else lines."""
        from contreg_cli.console import progress

        return progress(label, total, done)

    def listening(self, stop: Callable[[], None] | None = None) -> AbstractContextManager[list[int]]:
        """Ctrl-C, and what job systems send."""
        from contreg_cli.signals import asked

        return asked(stop)

    def loaded(self, catalogue: "Catalogue") -> None:
        """Keep the names for completion."""
        from contreg_cli.names import remember

        if self.plugins and self.allow is None:
            remember(catalogue)


def shell() -> Shell:
    """The program that is running."""
    current = front()
    return current if isinstance(current, Shell) else Shell()
