"""What a rank knows of the process of ours that started it, if one did."""

import os
import signal
import threading
import time

RUN_ID = "contreg-here"


def started_here() -> bool:
    """Whether this process is a rank that ``launch`` has started, which will speak of its end."""
    return os.environ.get("TORCHELASTIC_RUN_ID") == RUN_ID


def stop_with_the_starter() -> None:
    """Send SIGTERM to this process when its starter is gone: ranks left behind would train on unseen.

    Once: a second signal would end it at once, and Linux' own signal at a parent's death comes for each of its threads.
    """
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()


def _follow(starter: int) -> None:
    while os.getppid() == starter:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
