"""The table of all that was tried: JSON lines that are only ever added to."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contreg_core
from benchmarks.speed.machine import processor
from contreg_core.provenance import now

RESULTS = Path(__file__).parents[1] / "results" / "accuracy"
SCHEMA = 1
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Ledger:
    """``trials.jsonl`` in a folder. A line is whole or it does not count: one torn by a kill is passed over, and what
    it would have said is said again.
    """

    folder: Path = RESULTS

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / "trials.jsonl"

    def append(self, kind: str, facts: Line) -> None:
        """Add one line, in one write to the end of the file, and see it on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"schema": SCHEMA, "kind": kind, "at": now(), **facts, **_circumstances()})
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, f"{_break(handle)}{line}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def lines(self, **wanted: Any) -> Iterator[Line]:
        """All lines, oldest first, that say what is wanted."""
        if not self.path.is_file():
            return
        for text in self.path.read_text(encoding="utf-8").splitlines():
            line = _parsed(text)
            if line and all(line.get(name) == value for name, value in wanted.items()):
                yield line

    def last(self, **wanted: Any) -> Line | None:
        """The newest such line."""
        found = list(self.lines(**wanted))
        return found[-1] if found else None


def _break(handle: int) -> str:
    """A torn line is ended before the next begins."""
    size = os.fstat(handle).st_size
    return "\n" if size and os.pread(handle, 1, size - 1) != b"\n" else ""


def _parsed(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _circumstances() -> dict[str, Any]:
    """The code and the machine."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no", ":!benchmarks/results")),
        "contreg": contreg_core.__version__,
        "python": platform.python_version(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "load": round(os.getloadavg()[0], 1),
    }


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""  # sources without their history
    return done.stdout.strip()


def person() -> str:
    """Who git says is at work."""
    return _git("config", "user.name") or "unknown"
