"""A row's contestants, run in turns: A B A B, so that what else the machine does meets all of them alike."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.row import Row

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Setting:
    """Where and how hard to measure: ``peers`` is the interpreter that has them, ``full`` asks for more rounds."""

    peers: str
    folder: Path
    threads: int = 2
    full: bool = True
    rounds: int = 0


@dataclass
class Contestant:
    """A worker process and what it measured."""

    name: str
    process: subprocess.Popen[str]
    versions: dict[str, str] = field(default_factory=dict)
    runs: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def start(cls, row: str, name: str, home: str, setting: Setting) -> "Contestant":
        """Begin building; ``wait`` tells when it is done."""
        python = sys.executable if home == "own" else setting.peers
        arguments = [row, name, str(setting.folder)]
        command = [python, "-m", "benchmarks.speed.worker", *arguments]
        pipe = subprocess.PIPE
        with (setting.folder / f"{row}-{name}.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(setting), stdin=pipe, stdout=pipe, stderr=log, text=True
            )
        return cls(name, process)

    def wait(self) -> None:
        """Until it is warm."""
        self.versions = self._answer()["versions"]

    def run(self) -> None:
        """One measured run."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.runs.append(self._answer())

    def stop(self) -> None:
        """End of input ends the worker."""
        assert self.process.stdin is not None
        with self.process:  # closes both pipes and waits
            self.process.stdin.close()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"contestant '{self.name}' ended; see its log in the work folder")
        answer: dict[str, Any] = json.loads(line)
        return answer


def contest(name: str, row: Row, setting: Setting) -> dict[str, Any]:
    """Measure a row; what it comes to, for JSON."""
    contestants = [Contestant.start(name, one, home, setting) for one, home in row.contestants.items()]
    try:
        for one in contestants:
            one.wait()
        for _ in range(setting.rounds or row.rounds[setting.full]):
            for one in contestants:
                one.run()
    finally:
        for one in contestants:
            one.stop()
    return {
        "row": name,
        "title": row.title,
        "work": row.work,
        "contestants": {one.name: _summary(one) for one in contestants},
        "against": {one.name: _against(name, row, contestants[0], one, setting) for one in contestants[1:]},
        "milliseconds": row.milliseconds,
        "note": row.note,
    }


def _summary(one: Contestant) -> dict[str, Any]:
    wall, cpu = ([run[key] for run in one.runs] for key in ("wall", "cpu"))
    return {
        "milliseconds": 1000 * median(wall),
        "fastest": 1000 * min(wall),
        "busy": median(c / w for c, w in zip(cpu, wall, strict=True)),
        "mib": median(run["mib"] for run in one.runs),
        "rounds": len(wall),
        "versions": one.versions,
    }


def _against(name: str, row: Row, ours: Contestant, other: Contestant, setting: Setting) -> dict[str, Any]:
    """The median of the rounds' ratios, the smallest and the largest."""
    ratios = sorted(b["wall"] / a["wall"] for a, b in zip(ours.runs, other.runs, strict=True))
    shares = [a["mib"] / b["mib"] for a, b in zip(ours.runs, other.runs, strict=True) if b["mib"] > 1]
    return {
        "ratio": median(ratios),
        "spread": [ratios[0], ratios[-1]],
        "target": row.faster.get(other.name, 0.0),
        "memory": median(shares) if shares and row.memory else None,
        "memory_target": row.leaner.get(other.name, 0.0),
        "difference": _difference(setting.folder, name, ours.name, other.name),
    }


def _difference(folder: Path, row: str, ours: str, other: str) -> float | None:
    """The largest difference between two contestants' results, where both gave one."""
    import numpy as np

    paths = [folder / f"{row}-{name}.npy" for name in (ours, other)]
    if not all(path.is_file() for path in paths):
        return None
    a, b = (np.load(path).astype(np.float64).ravel() for path in paths)
    return float(np.nanmax(np.abs(a - b))) if a.shape == b.shape else None


def _environment(setting: Setting) -> dict[str, str]:
    threads = str(setting.threads)
    names = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    )
    paths = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "cli")]
    return {**os.environ, **dict.fromkeys(names, threads), "PYTHONPATH": os.pathsep.join(paths)}
