"""Every command that writes, with every input that it reads in the place of every output: it refuses, and keeps it."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from contreg_cli.main import run
from tests.overwriting import LINKS, build, tries
from trials.tally import Row


def trial(folder: Path, *, few: bool) -> list[Row]:
    """A row for each way in which an output is an input; an input that is not as it was is lost."""
    with io.StringIO() as said, redirect_stdout(said), redirect_stderr(said):
        cases = build(folder)
    rows = {
        link: Row("inputs overwritten (every command that writes x every input it reads)", link)
        for link in LINKS
    }
    for one in tries(cases, few=few):
        row = rows[one.link]
        row.tried += 1
        try:
            fault = one.fault(_silently)
        except Exception as error:  # any is what a person would see as a traceback
            row.miss("tracebacks", f"{one}: {type(error).__name__}: {error}")
            continue
        if fault:
            row.miss("lost" if "written over" in fault else "silently_wrong", fault)
    return list(rows.values())


def _silently(arguments: Sequence[str]) -> int:
    with io.StringIO() as said, redirect_stdout(said), redirect_stderr(said):
        return run(arguments)
