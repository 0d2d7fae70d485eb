"""The largest batch that fits into memory, from what one and two items need."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.memory import reset_peak
from contreg_core.model import Learner
from contreg_core.objective import Objective
from contreg_core.ranks.share import Share
from contreg_core.recipe import Recipe, resolve
from contreg_core.training.course import course
from contreg_core.training.feed import Feed
from contreg_core.training.validation import hold_out

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

_SHARE = 0.8  # of the memory; optimiser and validation come on top of what is measured
_LARGEST = 64


def largest_batch(recipe: Recipe, cohort: CachedCohort, engine: Engine, catalogue: "Catalogue") -> int:
    """A power of two for every rank, at most 64; passes of one and of two items tell what each more needs."""
    recipe = resolve(recipe, catalogue)
    training, _ = hold_out(cohort.scans, recipe.training.validation)
    taken = course(recipe, cohort, training, (), engine)
    model, objective = taken.build(catalogue, taken.feed.images[0].ndim - 2)
    engine.place(model)
    engine.place(objective)
    # The first pass compiles and allocates what stays.
    _, one, two = (_need(model, objective, taken.feed, size, engine) for size in (1, 1, 2))
    smallest = -engine.ranks.largest(-fitting(one, two, _SHARE * room(engine)))[0]
    return int(smallest) * engine.ranks.count


def fitting(one: float, two: float, room: float) -> int:
    """The largest power of two whose need, a straight line through those of 1 and 2 items, is within ``room``."""
    each = max(two - one, 1.0)
    batch = 1
    while batch < _LARGEST and one + (2 * batch - 1) * each <= room:
        batch *= 2
    return batch


def room(engine: Engine) -> float:
    """MiB that this process may have in all: what it has, and what is free."""
    if engine.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(engine.device)
        return (free + torch.cuda.memory_reserved(engine.device)) / 2**20
    return _kib("/proc/meminfo", "MemAvailable") / 1024 + _kib("/proc/self/status", "VmRSS") / 1024


def _need(model: Learner, objective: Objective, feed: Feed, size: int, engine: Engine) -> float:
    """MiB at the highest during a pass of ``size`` items."""
    feed.share = Share.of(size, 0, 1)
    reset_peak()
    if engine.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(engine.device)
    with engine.autocast():
        outcome = model.study(feed.batch(0), objective.needed())
    objective(outcome).total.backward()
    model.zero_grad()
    return engine.peak_mib()


def _kib(path: str, name: str) -> float:
    lines = Path(path).read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))
