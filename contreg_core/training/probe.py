"""The largest batch that fits into memory, from what one and two items need."""

from typing import TYPE_CHECKING

from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.errors import UnavailableError
from contreg_core.ranks.share import Share
from contreg_core.recipe import Recipe, resolve
from contreg_core.training.course import course
from contreg_core.training.need import need, room
from contreg_core.training.validation import hold_out

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

_SHARE = 0.8  # of the memory; optimiser and validation come on top of what is measured
_LARGEST = 64


def largest_batch(recipe: Recipe, cohort: CachedCohort, engine: Engine, catalogue: "Catalogue") -> int:
    """A power of two for every rank, at most 64; passes of one and of two items tell what each more needs.

    Raises ``UnavailableError`` where the system does not say how much memory is free.
    """
    free = room(engine)
    if free is None:
        raise UnavailableError("this system does not say how much memory is free", "give --batch-size N")
    recipe = resolve(recipe, catalogue)
    training, _ = hold_out(cohort.scans, recipe.training.validation)
    taken = course(recipe, cohort, training, (), engine)
    model, objective = taken.build(catalogue, taken.feed.images[0].ndim - 2)
    engine.place(model)
    engine.place(objective)
    # The first pass compiles and allocates what stays.
    peaks = []
    for size in (1, 1, 2):
        taken.feed.share = Share.of(size, 0, 1)
        peaks.append(need(model, objective, taken.feed.batch(0), engine))
    smallest = -engine.ranks.largest(-fitting(peaks[1], peaks[2], _SHARE * free))[0]
    return int(smallest) * engine.ranks.count


def fitting(one: float, two: float, room: float) -> int:
    """The largest power of two whose need, a straight line through those of 1 and 2 items, is within ``room``."""
    each = max(two - one, 1.0)
    batch = 1
    while batch < _LARGEST and one + (2 * batch - 1) * each <= room:
        batch *= 2
    return batch
