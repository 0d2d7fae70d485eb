"""Soak: fit and prepare, killed again and again for hours, against the same work left in peace (Linux).

    python benchmarks/soak.py --minutes 120

First a cohort is prepared and a run fitted without disturbance. Then, until the time is over, both are made anew and
stopped every 1 to 3 minutes (prepare, which is quick here, within half to one and a half times what it takes) by
SIGKILL, SIGTERM or SIGUSR1 until they are done: the cache must hold the same files and the run the same weights, bit
for bit. All the while one more fit runs undisturbed; its resident memory and open files are looked at every ten
seconds. The record goes to
``benchmarks/results/soak/``.
"""

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "soak"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1)
# A signal before Python has its handlers ends a process as the system does it.
EXPECTED = (75, *(-number for number in SIGNALS))
COHORT = (
    *("--data", "synthetic", "-s", "cohort.subjects=10", "-s", "cohort.size=24,28,24"),
    *("-s", "preprocessing.spacing=0"),
)
FIT = (
    *("--model", "contrastive-vae", "--data", "synthetic", "--device", "cpu"),
    *("-s", "preprocessing.spacing=0", "-s", "encoder.features=4,4,4", "-s", "training.validation=2"),
)
ENDLESS = 10_000_000
WARM_SECONDS = 120.0


def main() -> None:
    """Soak for the time given, then write the record; exit 1 where anything was lost."""
    options = _options()
    work = Path(tempfile.mkdtemp(prefix="contreg-soak-", dir=options.work))
    try:
        record = soak(work, options.minutes * 60, options.steps, random.Random(options.seed))
    finally:
        shutil.rmtree(work)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "soak.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "README.md").write_text(page(record), encoding="utf-8")
    print(page(record))
    wrong = ("weights_that_differ", "caches_that_differ", "tracebacks", "unexpected_ends")
    sys.exit(any(record[name] for name in wrong))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--steps", type=int, default=600, help="steps of the run that is killed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="where to work; default: the system's temporary folder")
    return parser.parse_args()


@dataclass
class Tally:
    """What was seen."""

    ended_by: Counter[str] = field(default_factory=Counter)
    exit_codes: Counter[int] = field(default_factory=Counter)
    rounds: int = 0
    weights_that_differ: int = 0
    caches_that_differ: int = 0
    tracebacks: int = 0
    unexpected: list[str] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)


def soak(work: Path, seconds: float, steps: int, rng: random.Random) -> dict[str, Any]:
    """Rounds of killed work until ``seconds`` are over."""
    tally, start = Tally(), time.monotonic()
    fit = (*FIT, "--cache", str(work / "quiet"), "--steps", str(steps))
    _contreg("prepare", *COHORT, "--cache", str(work / "quiet"))
    quick = time.monotonic() - start
    _contreg("fit", *fit, "--run", str(work / "quiet-run"))
    caches, weights = _subjects(work / "quiet"), _weights(work / "quiet-run")
    with (work / "steady.log").open("wb") as log:
        steady = Steady(_start(log, "fit", *fit[:-1], str(ENDLESS), "--run", str(work / "steady")))
        try:
            while time.monotonic() - start < seconds:
                _round(work, fit, quick, tally, steady, rng)
                tally.rounds += 1
                tally.caches_that_differ += _subjects(work / "cache") != caches
                tally.weights_that_differ += _weights(work / "run") != weights
                _say(tally, start)
        finally:
            code = steady.end()
    return {
        "minutes": round((time.monotonic() - start) / 60, 1),
        "steps_of_a_run": steps,
        "rounds": tally.rounds,
        "stopped": dict(sorted(tally.ended_by.items())),
        "exit_codes": {str(number): count for number, count in sorted(tally.exit_codes.items())},
        "weights_that_differ": tally.weights_that_differ,
        "caches_that_differ": tally.caches_that_differ,
        "tracebacks": tally.tracebacks,
        "unexpected_ends": tally.unexpected,
        "largest_memory_of_a_life_mib": [round(min(tally.peaks)), round(max(tally.peaks))],
        "undisturbed": {**steady.record(), "exit_code": code},
    }


def _round(
    work: Path, fit: tuple[str, ...], quick: float, tally: Tally, steady: "Steady", rng: random.Random
) -> None:
    """The cache and the run anew, disturbed."""
    for old in ("cache", "run"):
        shutil.rmtree(work / old, ignore_errors=True)
    prepare = ("prepare", *COHORT, "--cache", str(work / "cache"))
    _disturbed(prepare, (0.5 * quick, 1.5 * quick), work, tally, steady, rng)
    _disturbed(("fit", *fit, "--run", str(work / "run")), (60, 180), work, tally, steady, rng)


class Steady:
    """A fit that runs undisturbed; what it holds is looked at now and then."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process, self.born, self.looked = process, time.monotonic(), 0.0
        self.seen: list[tuple[float, float, int]] = []

    def look(self) -> None:
        """Every ten seconds: age, MiB resident, open files."""
        now = time.monotonic()
        if now - self.looked >= 10 and self.process.poll() is None:
            self.looked = now
            files = len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
            self.seen.append((now - self.born, resident(self.process.pid), files))

    def end(self) -> int:
        """Stop it in peace."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()

    def record(self) -> dict[str, Any]:
        """Memory by a straight line through all looks after the first two minutes."""
        warm = np.array([one for one in self.seen if one[0] > WARM_SECONDS] or self.seen)
        slope, level = np.polyfit(warm[:, 0] / 3600, warm[:, 1], 1) if len(warm) > 1 else (0.0, warm[0, 1])
        return {
            "looks": len(warm),
            "minutes": round(float(warm[-1, 0]) / 60, 1),
            "memory_mib": [round(float(warm[:, 1].min()), 1), round(float(warm[:, 1].max()), 1)],
            "memory_drift_percent_per_hour": round(100 * float(slope / level), 3),
            "open_files": [int(warm[:, 2].min()), int(warm[:, 2].max())],
        }


def _disturbed(
    command: tuple[str, ...],
    pause: tuple[float, float],
    work: Path,
    tally: Tally,
    steady: Steady,
    rng: random.Random,
) -> None:
    """The command again and again, each life ended after a random while, until one ends by itself."""
    while True:
        with (work / "life.log").open("w+b") as log:
            process = _start(log, *command)
            ends, peak = time.monotonic() + rng.uniform(*pause), 0.0
            while process.poll() is None and time.monotonic() < ends:
                time.sleep(0.5)
                peak = max(peak, resident(process.pid))
                steady.look()
            if process.poll() is None:
                number = rng.choice(SIGNALS)
                process.send_signal(number)
                tally.ended_by[number.name] += 1
            tally.exit_codes[process.wait()] += 1
            tally.peaks.append(peak)
            log.seek(0)
            said = log.read().decode(errors="replace")
        tally.tracebacks += "Traceback" in said
        if process.returncode == 0:
            return
        if process.returncode not in EXPECTED:
            tally.unexpected.append(f"{command[0]}: exit {process.returncode}")
            print(said, file=sys.stderr)


def resident(pid: int) -> float:
    """Resident memory of a process in MiB; 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")]
    return int(found[0]) / 1024 if found else 0.0


def _start(log: Any, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-X", "faulthandler", "-m", "contreg_cli", *arguments]
    return subprocess.Popen(command, stdout=log, stderr=log)


def _contreg(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "contreg_cli", *arguments], check=True, capture_output=True)


def _subjects(root: Path) -> dict[str, str]:
    """Name -> SHA-256 of every file of the one cache in a root; a temporary file would be one too many."""
    (cache,) = (path for path in root.iterdir() if path.is_dir())
    files = sorted(path for path in cache.rglob("*") if path.is_file())
    return {str(f.relative_to(cache)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def _weights(run: Path) -> dict[str, bytes]:
    """Every tensor of the last checkpoint and of the best; the last but one is of whenever it was saved."""
    from contreg_core.checkpoint import read_checkpoint

    found = {}
    for which in ("last", "best"):
        for name, value in read_checkpoint(run / "checkpoints" / f"{which}.safetensors").tensors.items():
            found[f"{which}/{name}"] = value.numpy().tobytes()
    return found


def _say(tally: Tally, start: float) -> None:
    minutes = (time.monotonic() - start) / 60
    print(f"{minutes:.0f} min: {tally}", file=sys.stderr, flush=True)


def page(record: dict[str, Any]) -> str:
    """The record as a table."""
    steady = record["undisturbed"]
    stopped = ", ".join(f"{count} {name}" for name, count in record["stopped"].items())
    low, high = steady["memory_mib"]
    rows = {
        "soaked": f"{record['minutes']} min",
        "rounds of prepare and fit": record["rounds"],
        "stopped": stopped,
        "runs whose weights differ from the quiet run's": record["weights_that_differ"],
        "caches that differ from the quiet one": record["caches_that_differ"],
        "tracebacks": record["tracebacks"],
        "ends that were not asked for": len(record["unexpected_ends"]),
        "undisturbed fit: resident memory": f"{low} to {high} MiB in {steady['minutes']} min",
        "undisturbed fit: drift of memory": f"{steady['memory_drift_percent_per_hour']} % an hour",
        "undisturbed fit: open files": f"{steady['open_files'][0]} to {steady['open_files'][1]}",
    }
    lines = ["# Soak", "", "Made by `python benchmarks/soak.py`; what it does stands in its first lines.", ""]
    lines += ["| what | seen |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
