"""Commands in forked children: torch is loaded and loops are compiled once, in the parent, which never has threads."""

import json
import os
import resource
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from contreg_cli.main import run
from trials.hooks import Act, watch

LIMIT = 120.0


@dataclass(frozen=True)
class End:
    """How a child ended: exit code (negative: the signal), all it said, the events its watcher saw."""

    code: int
    said: str
    events: list[tuple[str, str]]
    seconds: float

    @property
    def untidy(self) -> bool:
        """A traceback or a bug report, where one line was promised."""
        return "Traceback" in self.said or "this is a bug" in self.said or self.code == 70


def child(
    arguments: list[str], root: Path, *, act: Act | None = None, kill_after: float = 0.0, file_limit: int = 0
) -> End:
    """Run one command line to its end, or to ``kill_after`` seconds."""
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as record:
        started = time.monotonic()
        pid = start(arguments, log.fileno(), record.fileno(), root, act, file_limit)
        code = _wait(pid, started + (kill_after or LIMIT))
        seconds = time.monotonic() - started
        log.seek(0)
        record.seek(0)
        events = [tuple(json.loads(line)) for line in record.read().decode().splitlines()]
        return End(code, log.read().decode(errors="replace"), events, seconds)


def start(
    arguments: list[str],
    log: int,
    record: int | None = None,
    root: Path | None = None,
    act: Act | None = None,
    file_limit: int = 0,
) -> int:
    """The process number of a child that runs one command line; what it says goes to the file ``log``."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        os.dup2(log, 1)
        os.dup2(log, 2)
        if file_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
        if act is not None and root is not None and record is not None:
            watch(root, _recording(act, record))
        code = run(arguments)
    finally:
        os._exit(code)


def _recording(act: Act, record: int) -> Act:
    """Events are told before they happen: a killed child cannot tell afterwards."""

    def recording(count: int, kind: str, path: str) -> None:
        os.write(record, (json.dumps([kind, path]) + "\n").encode())
        act(count, kind, path)

    return recording


def _wait(pid: int, until: float) -> int:
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        time.sleep(0.002)
