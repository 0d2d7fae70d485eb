"""The largest memory this process has used, and what to do where it does not suffice."""

import errno
import resource
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from contreg_core.errors import UnavailableError

T = TypeVar("T")
_SHORT = (
    "can't allocate memory",
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
)
"""Of torch, the system and its loader, which have no class for it."""


def peak_mib() -> float:
    """Resident memory at its largest since the start or the last ``reset_peak``, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reset_peak() -> None:
    """Forget the peak so far, so that one work does not bear that of the work before it.

    Linux can (man 5 proc, ``clear_refs``); elsewhere the peak stays that of the whole process.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def is_exhausted(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the device or in this machine."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or is_short(error)


def is_short(error: BaseException) -> bool:
    """Whether an error says that this machine, or a limit of this process, has no more memory; imports no torch."""
    told = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    return told or any(words in str(error) for words in _SHORT)


def sparingly(work: Callable[[], T], say: Callable[[str], None]) -> T:
    """``work()``; where memory does not suffice once more with bfloat16 activations, which take half.

    Raises ``UnavailableError`` where that does not suffice either.
    """
    import torch

    try:
        return work()
    except Exception as error:
        if not is_exhausted(error):
            raise
    from contreg_core.bfloat16 import bfloat16  # imports torch

    say("out of memory: trying again in bfloat16")
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        with (
            bfloat16("cpu"),
            torch.autocast("cuda", torch.bfloat16, torch.cuda.is_available()),
        ):
            return work()
    except Exception as error:
        if not is_exhausted(error):
            raise
        raise UnavailableError(
            "out of memory, in bfloat16 too",
            "use --device cpu, a machine with more memory, or a model of coarser spacing; see contreg doctor --model",
            code="MEM-60",
        ) from error
