"""Several trials at the same time, each in a process of its own: a GPU has room for more than one small training."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks.accuracy.experiment import Trial
from benchmarks.accuracy.work import STOPPED, Place, attempt, scored_on
from contreg_core.plugins import load_catalogue


@dataclass(frozen=True)
class Task:
    """A trial to be trained, where it is not, and scored on one split of one cohort."""

    trial: Trial
    data: str
    split: str


def work(trials: Iterable[Trial], place: Place, jobs: int = 1) -> int:
    """Every trial trained and scored on the subjects held out; returns an exit code, 3 where some failed."""
    left = [
        Task(trial, data, "validation")
        for trial in trials
        for data in scored_on(trial.experiment, trial)
        if not place.ledger.last(kind="scored", key=trial.key, scored_on=data, split="validation")
    ]
    return worst(codes(left, place, jobs))


def worst(found: Iterable[int]) -> int:
    """One exit code of many: that of what was asked to stop, 3 where some failed, else 0."""
    failed = [code for code in found if code]
    return next((code for code in failed if code in STOPPED), 3 if failed else 0)


def codes(tasks: Sequence[Task], place: Place, jobs: int = 1) -> Iterator[int]:
    """The exit code of every task, ``jobs`` of them at a time; what was asked to stop is the last.

    A run is never worked on twice at a time: tasks that share one follow each other.
    """
    if jobs == 1:
        yield from _in_turn(tasks, place)
        return
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.trial.run, []).append(task)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1)
    with _shared_cores(min(jobs, len(groups) or 1)), pool:
        for done in as_completed([pool.submit(_apart, group, place) for group in groups.values()]):
            yield from done.result()


def _in_turn(tasks: Sequence[Task], place: Place) -> Iterator[int]:
    catalogue = load_catalogue()
    for task in tasks:
        trial = task.trial
        print(f"{trial.variant.name}, trained on {trial.data}, seed {trial.seed}", file=sys.stderr)
        code = attempt(trial, place, task.data, task.split, catalogue)
        yield code
        if code in STOPPED:
            return


def _apart(tasks: Sequence[Task], place: Place) -> list[int]:
    """In a process of its own; what it prints goes to ``WORK/logs``."""
    logs = place.work / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    file = os.open(logs / f"{tasks[0].trial.run}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(file, stream.fileno())
    return list(_in_turn(tasks, place))


@contextmanager
def _shared_cores(jobs: int) -> Iterator[None]:
    """Processes begun inside take their part of the cores, unless the environment says otherwise."""
    part = str(max(1, (os.cpu_count() or 1) // jobs))
    own = [name for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS") if name not in os.environ]
    os.environ.update(dict.fromkeys(own, part))
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]
