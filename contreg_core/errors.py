"""The one family of errors a person may see: what was found, what was expected, the remedy, an exit code.

Exit codes follow sysexits.h where it has one. Anything that is not a ``ContregError`` is a bug in contreg.
"""

from typing import ClassVar


class ContregError(Exception):
    """A failure the user can act on: ``message`` says what was found and expected, ``hint`` what to do next.

    ``code`` ("GEO-24", shown as CR-GEO-24) is the area and the row of docs/reference/bad-inputs.md, where it has one.
    """

    exit_code: ClassVar[int] = 70
    worded = False
    """Whether a front has put the text into its own words."""

    def __init__(self, message: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return f"{self.message}. Fix: {self.hint}" if self.hint else self.message


class UsageError(ContregError):
    """A name, option or value that does not exist or does not fit (exit 2)."""

    exit_code = 2


class InterruptedRunError(ContregError):
    """Stopped by Ctrl-C after what was done had been saved (exit 130)."""

    exit_code = 130


class PartialError(ContregError):
    """Some subjects or pairs failed; the others are finished and kept (exit 3)."""

    exit_code = 3


class DataError(ContregError):
    """An input file that is damaged, inconsistent or not what it claims to be (exit 65)."""

    exit_code = 65


class MissingError(ContregError):
    """An input that is not there (exit 66)."""

    exit_code = 66


class UnavailableError(ContregError):
    """A plugin, optional extra or device that is not to be had here (exit 69)."""

    exit_code = 69


class OutputError(ContregError):
    """An output that cannot be created (exit 73)."""

    exit_code = 73


class StorageError(ContregError):
    """Reading or writing failed: disk full, I/O error (exit 74)."""

    exit_code = 74


class RetryError(ContregError):
    """Preempted or busy; safe to run again unchanged (exit 75)."""

    exit_code = 75


class AccessError(ContregError):
    """The permissions of a file or folder forbid it (exit 77)."""

    exit_code = 77


class MismatchError(ContregError):
    """A recipe, cache or checkpoint that does not fit what it is used with (exit 78)."""

    exit_code = 78
