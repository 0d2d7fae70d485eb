"""How a failure ends: one line that says what was found and what to do, and an exit code."""

import errno
import os
from collections.abc import Callable

import click

from contreg_cli.saying import echo
from contreg_core.errors import (
    ContregError,
    InterruptedRunError,
    RetryError,
    StorageError,
    UnavailableError,
)
from contreg_core.memory import is_short

_BUG = 70
_STORAGE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS})
_SPACE = "free space, or choose another disk (where output is redirected, another place for it)"
_ROOM = (
    "use a machine with more memory, or allow this process more (ulimit -v, the memory that a job asks for)"
)
_AGAIN = "run the same command again, finished work is kept"


class PreemptedError(BaseException):
    """A job system's signal, named, between any two instructions: no failure of what was being done (exit 75)."""


def explain(
    error: BaseException, *, debug: bool = False, remedy: Callable[[str], str] = lambda hint: hint
) -> int:
    """Say on stderr what went wrong; returns the exit code. ``debug`` adds the traceback, ``remedy`` words the hint."""
    if isinstance(error, ContregError):
        error.hint = remedy(error.hint)
    if debug:
        import traceback  # what a command that succeeds does not need: help is to be quick

        echo("".join(traceback.format_exception(error)).rstrip(), err=True)
    line, code = _describe(error, debug)
    row = error.code if isinstance(error, ContregError) else ""
    echo(f"error{' CR-' + row if row else ':'} {' '.join(line.split())}", err=True)
    return code


def _describe(error: BaseException, debug: bool) -> tuple[str, int]:
    if isinstance(error, ContregError):
        return str(error), error.exit_code
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "contreg"
        return f"{error.format_message().rstrip('.')}. Fix: see {path} --help", error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), error.exit_code
    if is_short(error):
        return f"out of memory: {error}. Fix: {_ROOM}", UnavailableError.exit_code
    if isinstance(error, OSError) and error.errno in _STORAGE:
        return f"reading or writing failed: {error}. Fix: {_SPACE}", StorageError.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return f"interrupted. Fix: {_AGAIN}", InterruptedRunError.exit_code
    if isinstance(error, PreemptedError):
        return f"stopped by {error}. Fix: {_AGAIN}", RetryError.exit_code
    found = f"this is a bug in {_culprit(error)}: {type(error).__name__}: {error}"
    return found if debug else f"{found}. Fix: report it with {_traceback_file(error)}", _BUG


def _culprit(error: BaseException) -> str:
    """The plugin in whose code it happened, innermost first, else contreg."""
    import traceback

    from contreg_core.plugins import HOUSE, installed_plugins

    owners = {p.target.partition(":")[0].partition(".")[0]: p.distribution for p in installed_plugins()}
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = [owners.get(str(module).partition(".")[0], HOUSE) for module in reversed(modules)]
    return next((f"plugin '{name}'" for name in names if name != HOUSE), "contreg")


def _traceback_file(error: BaseException) -> str:
    import tempfile
    import traceback

    try:
        handle, path = tempfile.mkstemp(prefix="contreg-bug-", suffix=".txt", text=True)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return "the output of the same command with --debug before its name"
    return path
