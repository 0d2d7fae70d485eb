"""The failure that a request to stop ends in."""

import signal

from contreg_core.errors import ContregError, InterruptedRunError, RetryError

_HINT = "run the same command again to go on"


def stopped(number: int, done: str) -> ContregError:
    """By signal ``number``; ``done`` says after what."""
    kind = InterruptedRunError if number == signal.SIGINT else RetryError
    return kind(f"stopped by {signal.Signals(number).name} after {done}", _HINT, code="STOP-62")
