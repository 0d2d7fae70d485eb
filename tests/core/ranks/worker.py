"""One rank of a group that trains every recipe file of a folder, one after the other: ``worker.py FOLDER CACHE``.

``RANK``, ``WORLD_SIZE`` and ``STORE`` (a file) make the group. Each recipe is trained into ``FOLDER/NAME``. For every
number n in ``STOPS`` it is trained into ``FOLDER/NAME-n`` too: stopped after n steps, by the last rank alone, and
resumed. ``LEFT`` is a step at which another, ``FOLDER/NAME-left``, is stopped and left so. ``ADAM_EPS`` is Adam's.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.plugins import load_catalogue
from contreg_core.ranks import Ranks
from contreg_core.recipe import Recipe, load_recipe
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session


def joined() -> Ranks:
    number, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if count > 1:
        meeting = f"file://{os.environ['STORE']}"
        limit = timedelta(seconds=120)
        dist.init_process_group("gloo", meeting, rank=number, world_size=count, timeout=limit)
    return Ranks(number, count, number)


class Trainer:
    """Sessions of this rank on one cohort."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.engine = Engine(torch.device("cpu"), bfloat16=False, ranks=joined())
        self.catalogue, self.cohort = load_catalogue(plugins=False), CachedCohort.open(cache)

    def train(self, recipe: Recipe, name: str, stop: int = 0) -> None:
        session = Session(recipe, self.cohort, RunFolder(self.folder / name), self.engine, self.catalogue)
        for group in session.state.optimiser.param_groups:
            group["eps"] = float(os.environ.get("ADAM_EPS", group["eps"]))
        batch, ranks = session.feed.batch, self.engine.ranks

        def watched(step: int) -> object:
            if step + 1 == stop and ranks.number == ranks.count - 1:
                session.stop()
            return batch(step)

        session.feed.batch = watched  # type: ignore[method-assign]
        for _ in session.advance():
            pass
        assert session.state.step == (stop or session.state.total)
        assert_alike(session)


def assert_alike(session: Session) -> None:
    """Every rank holds the same bits."""
    ranks = session.engine.ranks
    for part in (session.state.model, session.state.objective):
        for name, value in part.state_dict().items():
            first = ranks.from_first(value.detach().clone())
            assert torch.equal(first, value), f"{session.recipe.name}: {name} differs on rank {ranks.number}"


def main(folder: Path, cache: Path) -> None:
    torch.set_num_threads(1)
    trainer = Trainer(folder, cache)
    for file in sorted(folder.glob("*.toml")):
        recipe = load_recipe(file.read_text())
        trainer.train(recipe, file.stem)
        for stop in map(int, os.environ.get("STOPS", "").split()):
            trainer.train(recipe, f"{file.stem}-{stop}", stop)
            trainer.train(recipe, f"{file.stem}-{stop}")
        if "LEFT" in os.environ:
            trainer.train(recipe, f"{file.stem}-left", int(os.environ["LEFT"]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
