"""SIGTERM and SIGUSR1 to real, fresh processes: exit 75 in time, and the rerun goes on; a second one is 130 at once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from trials.children import child
from trials.scene import Scene, Work
from trials.tally import Row

NAMES = ("prepare", "fit", "register", "segment")
LIMIT = 30.0
# A signal that comes before Python has its handlers ends a process as the system does it.
ENDS = (0, 75, -signal.SIGTERM, -signal.SIGUSR1)


def trial(scene: Scene, rng: random.Random, *, times: int) -> list[Row]:
    """A row for each command."""
    rows = [Row("SIGTERM or SIGUSR1, exit 75 within 30 s", name) for name in NAMES]
    for row in rows:
        work, whole = scene.work(row.of), scene.root / "stop" / "whole"
        quiet = child(work.arguments(whole), whole)
        wanted = work.outcome(whole)
        for _ in range(times):
            _once(scene, work, wanted, row, rng, quiet.seconds)
        shutil.rmtree(scene.root / "stop")
    return rows


def _once(
    scene: Scene, work: Work, wanted: dict[str, object], row: Row, rng: random.Random, seconds: float
) -> None:
    folder, number = scene.root / "stop" / "one", rng.choice((signal.SIGTERM, signal.SIGUSR1))
    shutil.rmtree(folder, ignore_errors=True)
    code, said, took = _signalled(work.arguments(folder), number, rng.uniform(0.5, 2.0 + seconds))
    row.tried += 1
    where = f"{work.name}, {number.name}: exit {code} after {took:.1f} s"
    if "Traceback" in said or code not in ENDS or took > LIMIT:
        row.miss("tracebacks" if "Traceback" in said else "lost", f"{where}: {said}")
    again = child(work.arguments(folder), folder)
    if again.code or work.outcome(folder) != wanted or list(folder.rglob(".tmp-*")):
        row.miss("lost", f"{where}: the rerun differs: {again.code} {again.said}")


def _signalled(arguments: list[str], number: int, after: float) -> tuple[int, str, float]:
    command = [sys.executable, "-m", "contreg_cli", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=Path.cwd())
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, number)
    started = time.monotonic()
    said, _ = process.communicate(timeout=4 * LIMIT)
    return process.returncode, said.decode(errors="replace"), time.monotonic() - started
