"""Preparing a cohort from the shell: executor, progress, and what is said about it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from contreg_cli.console import progress
from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort
    from contreg_core.cohort import Cohort, Scan
    from contreg_core.prepare import Preparation, ScanReport


@dataclass(frozen=True)
class Shard:
    """The ``part``-th (1-based) of ``parts`` equal parts of the scans."""

    part: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """``i/n``; raises ``UsageError``."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 1 <= shard.part <= shard.parts:
            raise UsageError(
                f"--shard {text} is not a part of a whole", "write i/n with i from 1 to n, e.g. 2/8"
            )
        return shard

    def of(self, scans: Sequence["Scan"]) -> list["Scan"]:
        """This part of the scans."""
        return list(scans[self.part - 1 :: self.parts])


def describe_cohort(cohort: "Cohort", scans: Sequence["Scan"]) -> str:
    """One line: how many scans of how many subjects, splits, and what the adapter says of all of them."""
    from contreg_core.cohort import SPLITS

    splits = Counter(scan.split for scan in scans)
    subjects = len({scan.subject for scan in scans})
    counts = ", ".join(f"{splits[split]} {split}" for split in SPLITS if splits[split])
    common = set.intersection(*(set(scan.metadata.items()) for scan in scans)) if scans else set()
    facts = "".join(f"; {key}: {value}" for key, value in sorted(common))
    return f"{cohort.name}: {len(scans)} scans of {subjects} subjects ({counts}){facts}"


def prepare_scans(
    plan: "Preparation", scans: Sequence["Scan"], *, workers: int = 1, shard: Shard | None = None
) -> "tuple[CachedCohort, list[ScanReport]]":
    """Prepare all scans, or a shard of them, and write ``cohort.json`` for everything that is in the cache."""
    from contreg_core.files import probe
    from contreg_core.prepare import ScanReport, prepare

    probe(plan.folder / "subjects")
    _say_replaced(plan, scans)
    own = shard.of(scans) if shard else list(scans)
    reports = []
    with _executor(workers) as executor, progress("prepare", len(own)) as bar:
        for report in prepare(plan, own, executor):
            reports.append(report)
            bar.update(len(reports), f"{report.id} {report.outcome}")
    mine = {scan.id for scan in own}
    others = [ScanReport(scan.id, "cached") for scan in scans if scan.id not in mine and plan.done(scan)]
    return plan.finish(scans, [*reports, *others]), reports


def _say_replaced(plan: "Preparation", scans: Sequence["Scan"]) -> None:
    """One preprocessing has one folder, whatever the source and the cohort's knobs: the later wins, not silently."""
    from contreg_core.errors import DataError, MismatchError

    with suppress(DataError, MismatchError):  # a ``cohort.json`` that cannot be read is written anew
        count = plan.replaces(scans)
        if count:
            click.echo(
                f"warning: {plan.folder}: {count} cached scans come from other files or cohort knobs and are replaced; "
                "another --cache would keep both",
                err=True,
            )


def say_notes(reports: Sequence["ScanReport"]) -> None:
    """What was found or repaired, each kind of note once with the number of scans it is true of."""
    notes = Counter(note for report in reports for note in dict.fromkeys(report.notes))
    kinds: dict[str, Counter[str]] = {}
    for note, count in notes.items():
        kinds.setdefault(re.sub(r"\d+", "#", note), Counter())[note] += count
    made = sum(report.outcome == "prepared" for report in reports)
    for kind in kinds.values():
        example, _ = kind.most_common(1)[0]
        click.echo(f"  {kind.total()} of {made} scans: {example}{' (for one)' if len(kind) > 1 else ''}")


@contextmanager
def _executor(workers: int) -> Iterator[Executor | None]:
    """Spawned workers: a fork would copy the threads of torch and of HDF5."""
    if workers == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C reaches the whole group; only the first process answers, with one line."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
