"""A run continued from any of its steps has the bits of the run that was not stopped."""

import shutil
from dataclasses import replace
from pathlib import Path

from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import Recipe, override
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session
from trials.scene import Scene, content
from trials.tally import Row

CHANGES = {
    "voxelmorph/mse": ("encoder.features=4,4", "decoder.features=vm1"),
    "contrastive-vae": (
        *("encoder.features=4,4", "encoder.norm=group", "loss.lncc.window=5"),
        *("loss.local-contrast.points=16", "loss.infonce.queue=6", "training.ema=0.9"),
    ),
}


def trial(scene: Scene, *, steps: int, points: int) -> list[Row]:
    """A row for each recipe: stopped after each of ``points`` of its ``steps``, mid-epoch or not."""
    (cache,) = (scene.root / "cache").iterdir()
    return [_row(scene, name, CachedCohort.open(cache), steps, points) for name in CHANGES]


def _row(scene: Scene, name: str, cohort: CachedCohort, steps: int, points: int) -> Row:
    catalogue = load_catalogue(plugins=False)
    few = (f"training.steps={steps}", "training.validation=2", f"training.validate_every={steps // 3}")
    changed = override(catalogue.recipe(name), [*CHANGES[name], *few], catalogue)
    recipe = replace(changed, preprocessing=cohort.preprocessing)
    root = scene.root / "resume"
    wanted = _outcome(_trained(recipe, cohort, root / "whole"))
    row = Row("resumed, bit for bit", f"fit {name}")
    for stop in sorted({1 + k * (steps - 1) // points for k in range(points)}):
        _trained(recipe, cohort, root / "cut", stop)
        row.tried += 1
        if _outcome(_trained(recipe, cohort, root / "cut")) != wanted:
            row.miss("silently_wrong", f"{name} stopped after step {stop}")
        shutil.rmtree(root / "cut")
    shutil.rmtree(root)
    return row


def _trained(recipe: Recipe, cohort: CachedCohort, folder: Path, stop: int = 0) -> Path:
    """Train in a folder, from where it stands; stopped after a step, as a signal does it."""
    catalogue = load_catalogue(plugins=False)
    session = Session(recipe, cohort, RunFolder(folder), Engine.choose("cpu", "float32"), catalogue)
    batch = session.feed.batch

    def counted(step: int) -> object:
        if step + 1 == stop:
            session.stop()
        return batch(step)

    session.feed.batch = counted
    list(session.advance())
    return folder


def _outcome(folder: Path) -> list[object]:
    files = [folder / "metrics.jsonl", *sorted((folder / "checkpoints").iterdir())]
    return [content(path) for path in files]
