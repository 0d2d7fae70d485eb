"""What a training would need, and whether it is there."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from contreg_core.engine import Precision


@dataclass(frozen=True)
class Training:
    """A recipe by name and the scans it is to be trained on: a prepared cohort, or a size."""

    model: str
    data: str | None
    size: tuple[int, int, int] | None
    batch_size: int | None
    settings: tuple[str, ...]


def needs(training: Training, cache: Path | None, device: str, precision: "Precision") -> dict[str, Any]:
    """The parts of the estimate in MiB, what is free, and the problem where it does not suffice."""
    from contreg.plugins import load_catalogue
    from contreg.recipes import find_recipe
    from contreg_core.engine import Engine
    from contreg_core.estimate import training_memory
    from contreg_core.training.need import room

    if (training.data is None) == (training.size is None):
        raise UsageError("the scans are not known, or twice", "give either --data COHORT or --size X Y Z")
    catalogue, engine = load_catalogue(), Engine.choose(device, precision)
    recipe = find_recipe(catalogue, training.model, training.settings)
    size, scans = training.size or (), 2
    if training.data is not None:
        from contreg.caches import open_cache

        cohort = open_cache(catalogue, training.data, recipe.cached, cache)
        known = cohort.split("train")
        size, scans = cohort.load(known[0].id).image.shape, len(known)
    found = training_memory(recipe, catalogue, engine, size, batch_size=training.batch_size, scans=scans)
    free = room(engine)
    short = free is not None and found.total > free
    batch = training.batch_size or recipe.training.batch_size
    return {
        "training": f"{recipe.name}, {' x '.join(map(str, size))} voxels, batch {batch}, {scans} scans",
        "memory_mib": {
            name: round(getattr(found, name)) for name in ("program", "weights", "cohort", "step", "total")
        },
        "free_mib": None if free is None else round(free),
        "memory_problem": f"training needs about {found.total:.0f} MiB, {free:.0f} are free" if short else "",
    }
