"""Work on many items: which part of them, on which workers, one bar, what failed."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from contreg.front import front
from contreg.stopping import stopped
from contreg_core.errors import ContregError, DataError, PartialError, RetryError

if TYPE_CHECKING:
    from contreg_core.fleet.shard import Shard
    from contreg_core.fleet.work_list import Unit

T = TypeVar("T")
_SECONDS_BETWEEN_WRITES = 10.0
_NAMED = 10


class Reported(Protocol):
    """What the work on an item gives: its name, and why it failed, if it did."""

    @property
    def id(self) -> str:
        """The item's."""

    @property
    def failure(self) -> ContregError | None:
        """None where it did not fail."""


R = TypeVar("R", bound=Reported)


@dataclass(frozen=True)
class Fleet:
    """Where the items are worked on, and which of them."""

    workers: int = 1
    dask: str | None = None
    shard: "Shard | None" = None
    retry_failed: bool = False

    @classmethod
    def of(cls, workers: int, dask: str | None, shard: str | None, retry_failed: bool) -> "Fleet":
        """From the options."""
        from contreg_core.fleet.shard import Shard

        return cls(workers, dask, Shard.parse(shard) if shard else None, retry_failed)

    def in_array(self) -> "Fleet":
        """Without ``--shard`` a task of a SLURM job array takes its own part of many items, and says so."""
        from contreg_core.fleet.shard import Shard

        part = None if self.shard else Shard.of_slurm(os.environ)
        if part is None:
            return self
        front().say(
            f"part {part} of the work, by SLURM_ARRAY_TASK_ID; --shard 1/1 does all of it", aside=True
        )
        return replace(self, shard=part)

    def part(self, units: "Sequence[Unit]") -> "list[Unit]":
        """Those of them that are this shard's."""
        return list(units) if self.shard is None else self.shard.of(units, lambda unit: unit.id)

    def place(self, path: Path) -> Path:
        """As the workers shall find it: those of a cluster start in other folders."""
        return path if self.dask is None else path.absolute()


HERE = Fleet()
"""Everything, in this process."""


@dataclass(frozen=True)
class Worked(Generic[R]):
    """``kept`` were done before, ``skipped`` failed before and are unchanged, ``reports`` are of what was tried now."""

    kept: tuple[str, ...]
    skipped: Mapping[str, ContregError]
    reports: tuple[R, ...]

    @property
    def failures(self) -> dict[str, ContregError]:
        """Why each is not there that is not, in the order of the work list as far as it was tried now."""
        now = {report.id: report.failure for report in self.reports if report.failure is not None}
        return {**self.skipped, **now}

    @property
    def count(self) -> int:
        """Items that were asked for."""
        return len(self.kept) + len(self.skipped) + len(self.reports)


def work_through(
    label: str,
    folder: Path,
    fleet: Fleet,
    work: Callable[[T], R],
    items: "Mapping[Unit, T]",
    lost: Callable[[T, RetryError], R],
    say: Callable[[R], str],
    done: "Callable[[Unit], bool] | None" = None,
    *,
    between: bool = False,
) -> Worked[R]:
    """``work`` on every item of this shard that is not done in ``folder``, failures noted there as they come.

    ``say`` gives the bar its words. With ``between`` a signal stops between two items, else in the midst of one.
    What ``work`` raises ends all; a failure that is the item's own it reports.
    """
    from contreg_core.fleet import open_pool, run_all

    own = fleet.part(list(items))
    kept = [unit for unit in own if (done(unit) if done else unit.done(folder))]
    skipped = {} if fleet.retry_failed else _failed_before(folder, own)
    finished = {unit.id for unit in kept} | skipped.keys()
    left = [unit for unit in own if unit.id not in finished]
    workers, dask = (min(fleet.workers, len(left)) or 1, fleet.dask if left else None)
    reports: list[R] = []
    listening: AbstractContextManager[list[int]] = front().listening() if between else nullcontext([])
    with (
        listening as received,
        _noted(folder, fleet, left) as note,
        front().progress(label, len(own), len(finished)) as bar,
        open_pool(work, workers, dask) as pool,
    ):
        for report in run_all(work, (items[unit] for unit in left), pool, lost):
            reports.append(report)
            note(report)
            bar.update(len(finished) + len(reports), say(report))
            if received and len(reports) < len(left):
                raise stopped(received[0], f"{len(reports)} of {len(left)}, which are kept")
    order = {unit.id: number for number, unit in enumerate(left)}
    reports.sort(key=lambda report: order[report.id])
    return Worked(tuple(unit.id for unit in kept), skipped, tuple(reports))


def refuse_failures(worked: Worked[Any], what: str, folder: Path) -> None:
    """Raise where some items failed: ``PartialError``, or ``RetryError`` where workers failed them all."""
    failures = worked.failures
    if not failures:
        return
    names = ", ".join([*list(failures)[:_NAMED], *(["..."] if len(failures) > _NAMED else [])])
    found = f"{len(failures)} of {worked.count} {what} failed: {names}"
    if len(failures) == worked.count and all(isinstance(e, RetryError) for e in failures.values()):
        raise RetryError(found, next(iter(failures.values())).hint)
    unchanged = f"; {len(worked.skipped)} failed before and were not tried: --retry-failed does" * bool(
        worked.skipped
    )
    raise PartialError(
        f"{found}{unchanged}",
        f"fix them and run the same command again; {folder / 'failures.jsonl'} has the reasons",
    )


def _failed_before(folder: Path, units: "Sequence[Unit]") -> dict[str, ContregError]:
    """Bad data is bad again while the sources and settings are the same."""
    from contreg_core.failures import read_failures

    records = {(r.get("subject"), r.get("key")): r for r in read_failures(folder) if _stays_bad(r)}
    known = {unit.id: records.get((unit.id, unit.key)) for unit in units if unit.key}
    return {
        name: DataError(
            str(record["message"]), str(record["hint"]), code=str(record["code"]).removeprefix("CR-")
        )
        for name, record in known.items()
        if record
    }


def _stays_bad(record: Mapping[str, Any]) -> bool:
    """What --strict alone refused is good without it, and a time limit is no property of the data."""
    return record.get("exit_code") == 65 and record.get("code") not in ("CR-VAL-27", "CR-PLUG-59")


@contextmanager
def _noted(folder: Path, fleet: Fleet, units: "Sequence[Unit]") -> "Iterator[Callable[[Reported], None]]":
    """Notes how items end: every few seconds, and at the end whatever the end is."""
    from contreg_core.failures import write_failures

    tried: dict[str, ContregError | None] = {}
    keys = {unit.id: unit.key for unit in units}
    written = time.monotonic()

    def note(report: Reported) -> None:
        nonlocal written
        tried[report.id] = report.failure
        if report.failure is not None and time.monotonic() - written > _SECONDS_BETWEEN_WRITES:
            write_failures(folder, tried, keys=keys, shard=fleet.shard)
            written = time.monotonic()

    try:
        yield note
    finally:
        if tried:
            write_failures(folder, tried, keys=keys, shard=fleet.shard)
