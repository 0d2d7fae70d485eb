"""The one door to stdout and stderr for lines of text."""

import os
import sys
from contextlib import suppress

import click

from contreg_core.printable import printable


def echo(line: object = "", *, err: bool = False) -> None:
    """A line, without what a terminal would obey. Where nobody reads any more (``| head``) the work goes on unheard."""
    with suppress(BrokenPipeError):
        click.echo(printable(str(line)), err=err)


def open_streams() -> None:
    """Closed ones lead nowhere; else the first file that is opened would take the place of one and what is printed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the program
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def close_stream() -> None:
    """What could not be written has been said; Python would say it again at its end, with an exit code of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
