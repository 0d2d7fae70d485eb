"""The largest memory this process has used."""

import resource
from contextlib import suppress
from pathlib import Path


def peak_mib() -> float:
    """Resident memory at its largest since the start or the last ``reset_peak``, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reset_peak() -> None:
    """Forget the peak so far, so that one work does not bear that of the work before it.

    Linux can (man 5 proc, ``clear_refs``); elsewhere the peak stays that of the whole process.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
