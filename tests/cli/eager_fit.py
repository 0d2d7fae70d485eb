"""``contreg`` that saves after every step; with ``HOLD=N`` it says ``held`` when step N begins, and waits."""

import os
import signal
import sys

from contreg_cli.main import main
from contreg_core.training import session
from contreg_core.training.feed import PairFeed

batch = PairFeed.batch


def held(feed: PairFeed, step: int) -> object:
    """A batch, or silence."""
    if str(step) == os.environ.get("HOLD"):
        print("held", file=sys.__stderr__, flush=True)
        signal.pause()
    return batch(feed, step)


if __name__ == "__main__":  # collecting tests imports this too
    session._SAVE_SECONDS = -1.0
    PairFeed.batch = held  # type: ignore[assignment,method-assign]
    main()
