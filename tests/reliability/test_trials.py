"""A sample of every trial of ``make test-reliability``, in a process of its own: its children are forked."""

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).with_name("campaign.py")


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and reads /proc")
def test_a_sample_of_every_trial_breaks_no_promise() -> None:
    ended = subprocess.run([sys.executable, str(CAMPAIGN), "--few"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("\n| ") >= 20, ended.stdout
