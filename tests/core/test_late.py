"""A work that does not come back is ended by the clock."""

import signal
import time

import pytest

from contreg_core.late import LateError, within


def stubborn() -> None:
    while True:
        try:
            time.sleep(1e6)
        except Exception:
            continue


def test_a_work_that_catches_every_exception_is_ended() -> None:
    with pytest.raises(LateError, match=r"not done after 0\.05 s"), within(0.05):
        stubborn()


def test_what_is_done_in_time_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with within(1e6):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    with within(None):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
