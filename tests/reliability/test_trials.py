"""A sample of the trials of ``make test-reliability``, in a process of its own: its children are forked."""

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).with_name("campaign.py")
QUICK = ("damage", "hostile", "overwritten")
SLOW = (
    "kill",
    "faults",
    "crowd",
    "resume",
    "orientations",
    "stop",
)  # whose laws tests/core and tests/cli state too, in part

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and reads /proc")


@pytest.mark.all
@pytest.mark.parametrize("trials", [QUICK, SLOW], ids=["quick", "slow"])
def test_a_sample_breaks_no_promise(trials: tuple[str, ...]) -> None:
    only = [word for name in trials for word in ("--only", name)]
    ended = subprocess.run([sys.executable, str(CAMPAIGN), "--few", *only], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("\n| ") > len(trials), ended.stdout
