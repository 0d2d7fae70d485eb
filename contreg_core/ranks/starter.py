"""What a rank knows of the process of ours that started it, if one did."""

import ctypes
import os
import signal
from contextlib import suppress

RUN_ID = "contreg-here"
_PR_SET_PDEATHSIG = 1


def started_here() -> bool:
    """Whether this process is a rank that ``launch`` has started, which will speak of its end."""
    return os.environ.get("TORCHELASTIC_RUN_ID") == RUN_ID


def stop_with_the_starter() -> None:
    """Be sent SIGTERM when the starter is killed: ranks left behind would train on unseen (Linux; else nothing)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
