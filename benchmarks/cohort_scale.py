"""A cohort of thousands through ``prepare``: kill -9 half way, memory, what a restart costs, duplicates and gaps.

The volumes are tiny, so that the bookkeeping is what is measured:
``python benchmarks/cohort_scale.py --subjects 10000 --workers 8``.
Seconds are wall time and, since a machine may be busy, processor time of the one process that scans.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from contreg_core.cache import CachedCohort
from contreg_core.fleet.status import status
from contreg_core.fleet.work_list import WorkList
from contreg_core.volume import Volume, write_volume

SIZE = (10, 12, 10)
TINY = ["-s", "preprocessing.spacing=0"]
RESULTS = Path(__file__).parent / "results"


def write_study(folder: Path, subjects: int) -> Path:
    """One image and one label map under ``subjects`` names each, and the manifest that lists them."""
    rng = np.random.default_rng(0)
    labels = np.zeros(SIZE, np.uint8)
    labels[2:-2, 2:-2, 2:-2] = 1
    labels[3:5, 3:5, 3:5] = 2
    image = (labels * 50 + (labels > 0) * rng.uniform(0, 20, SIZE)).astype(np.float32)
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    write_volume(folder / "image.nii.gz", Volume(image, affine))
    write_volume(folder / "labels.nii.gz", Volume(labels, affine))
    (folder / "labels.csv").write_text("id,name\n1,outer\n2,inner\n")
    rows = ["id,image,label"]
    for number in range(subjects):
        group = folder / f"{number // 1000:03d}"
        group.mkdir(exist_ok=True)
        for kind in ("image", "labels"):
            os.link(folder / f"{kind}.nii.gz", group / f"s{number:06d}_{kind}.nii.gz")
        rows.append(
            f"s{number:06d},{group.name}/s{number:06d}_image.nii.gz,{group.name}/s{number:06d}_labels.nii.gz"
        )
    (folder / "study.csv").write_text("\n".join(rows) + "\n")
    return folder / "study.csv"


class Watched:
    """``contreg prepare`` in a process of its own; resident memory of it and of its workers by files done."""

    def __init__(self, study: Path, cache: Path, workers: int) -> None:
        command = ["prepare", "--data", "manifest", "--source", str(study), "--cache", str(cache), *TINY]
        self.cache, self.samples = cache, list[tuple[int, float, float]]()
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "contreg_cli", *command, "--workers", str(workers)],
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, done: int | None) -> str:
        """Watch until so many files are there, or to the end (None); returns what was said on stdout at the end."""
        while self.process.poll() is None and (done is None or self.count() < done):
            own, workers = _resident(self.process.pid)
            self.samples.append((self.count(), own, workers))
            time.sleep(1)
        return "" if self.process.poll() is None else str(self.process.communicate()[0])

    def count(self) -> int:
        """Files in the cache."""
        folders = list(self.cache.glob("*/subjects"))
        return sum(entry.name.endswith(".h5") for folder in folders for entry in os.scandir(folder))


def _resident(pid: int) -> tuple[float, float]:
    """MiB of a process, and the mean of its children that hold more than 50."""
    children = _children(pid)
    sizes = [size for size in map(_mib, dict.fromkeys(children)) if size > 50]
    return _mib(pid), float(np.mean(sizes)) if sizes else 0.0


def _children(pid: int) -> list[int]:
    """Of all threads of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def _mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """(result, wall seconds, processor seconds)."""
    wall, processor = time.monotonic(), time.process_time()
    return call(), time.monotonic() - wall, time.process_time() - processor


def measure(subjects: int, workers: int, root: Path) -> dict[str, Any]:
    """The whole story in ``root``."""
    study, cache = write_study(root, subjects), root / "cache"
    first = Watched(study, cache, workers)
    first.until(subjects // 2)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    time.sleep(5)  # for orphans, of which there must be none
    killed_at = first.count()
    second = Watched(study, cache, workers)
    said = second.until(None)
    seconds = time.monotonic() - second.start
    prepared = int(said.split(" prepared")[0].split()[-1])
    folder = next(cache.iterdir())
    cohort = CachedCohort.open(folder)
    known, _, list_cpu = timed(lambda: WorkList.read(folder))
    done, scan_wall, scan_cpu = timed(lambda: sum(unit.done(folder) for unit in known.units))
    third = Watched(study, cache, workers)
    again = third.until(None)
    again_seconds = time.monotonic() - third.start
    counted, status_wall, status_cpu = timed(lambda: status(folder))
    files = [entry.name for entry in os.scandir(folder / "subjects")]
    twice = [name for name, count in Counter(scan.id for scan in cohort.scans).items() if count > 1]
    thousand = subjects / 1000
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 1),
        "subjects": subjects,
        "workers": workers,
        "files_at_kill": killed_at,
        "prepared_after_kill": prepared,
        "seconds_after_kill": round(seconds, 1),
        "scans_per_second": round(prepared / seconds, 1),
        "in_cohort": len(cohort.scans),
        "duplicates": len(twice),
        "gaps": subjects - len(cohort.scans),
        "files_that_are_no_subject": len(
            [name for name in files if not name.endswith(".h5") or name.startswith(".")]
        ),
        "status": [len(counted.done), len(counted.failed), len(counted.missing)],
        "scan_done": done,
        "scan_seconds_per_1000": round(scan_wall / thousand, 3),
        "scan_cpu_seconds_per_1000": round(scan_cpu / thousand, 3),
        "list_cpu_seconds_per_1000": round(list_cpu / thousand, 3),
        "status_seconds_per_1000": round(status_wall / thousand, 3),
        "status_cpu_seconds_per_1000": round(status_cpu / thousand, 3),
        "again": again.strip().splitlines()[-2] if again else "",
        "again_seconds_per_1000": round(again_seconds / thousand, 3),
        "memory_mib": _memory([*second.samples], killed_at, subjects),
    }


def _memory(samples: list[tuple[int, float, float]], first: int, last: int) -> dict[str, Any]:
    """Resident MiB of the command and of a worker, a quarter and all of the way."""

    def at(share: float) -> tuple[float, float]:
        near = min(samples, key=lambda sample: abs(sample[0] - (first + share * (last - first))))
        return round(near[1], 1), round(near[2], 1)

    return {f"{share:.0%}": at(share) for share in (0.1, 0.25, 0.5, 0.75, 0.95)}


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    memory = found["memory_mib"]
    rows = [
        ("subjects, processes", f"{found['subjects']}, {found['workers']}"),
        ("killed with -9 after", f"{found['files_at_kill']} files"),
        (
            "prepared by the next run",
            f"{found['prepared_after_kill']} ({found['scans_per_second']} a second)",
        ),
        (
            "in the cohort at the end; duplicates; gaps",
            f"{found['in_cohort']}; {found['duplicates']}; {found['gaps']}",
        ),
        (
            "scan of what is done, wall / processor s per 1,000",
            f"{found['scan_seconds_per_1000']} / {found['scan_cpu_seconds_per_1000']}",
        ),
        (
            "`contreg status`, wall / processor s per 1,000",
            f"{found['status_seconds_per_1000']} / {found['status_cpu_seconds_per_1000']}",
        ),
        ("the whole command again, all done, wall s per 1,000", f"{found['again_seconds_per_1000']}"),
        ("MiB of the command / of a worker at 10 %", " / ".join(map(str, memory["10%"]))),
        ("at 50 %", " / ".join(map(str, memory["50%"]))),
        ("at 95 %", " / ".join(map(str, memory["95%"]))),
    ]
    head = (
        "# A cohort of thousands through `prepare`\n\n"
        f"`python benchmarks/cohort_scale.py --subjects {found['subjects']} --workers {found['workers']}`; "
        f"tiny volumes, {found['cores']} cores, load average {found['load_average']} at the end, {found['date']}.\n\n"
        "| | |\n|---|---:|\n"
    )
    return head + "".join(f"| {name} | {value} |\n" for name, value in rows)


def main() -> None:
    """Measure, print, and write JSON and markdown to ``benchmarks/results``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        found = measure(asked.subjects, asked.workers, Path(root))
    (asked.output / "cohort-scale.json").write_text(json.dumps(found, indent=2) + "\n")
    (asked.output / "cohort-scale.md").write_text(table(found))
    print(table(found))


if __name__ == "__main__":
    main()
