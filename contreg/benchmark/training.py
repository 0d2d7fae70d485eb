"""The run of a learned row: taken if it is finished, gone on with if it is not, else trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg.benchmark.plan import TablePlan
from contreg.benchmark.rows import Row
from contreg.front import front
from contreg_core.errors import MismatchError

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort
    from contreg_core.catalogue import Catalogue
    from contreg_core.recipe import Recipe
    from contreg_core.training.run_folder import RunFolder


def train(row: Row, plan: TablePlan, catalogue: "Catalogue") -> Path:
    """The folder of the row's finished run; raises ``MismatchError`` where a run is there that is not this row's."""
    from contreg.caches import open_cache
    from contreg.recipes import find_recipe
    from contreg_core.training.run_folder import RunFolder

    recipe = find_recipe(catalogue, row.recipe, plan.settings_of(row))
    spec = recipe.preprocessing
    cohort = open_cache(catalogue, plan.data, spec, plan.cache, row.recipe, plan.settings)
    folder = RunFolder(plan.run(row))
    record = folder.read_record()
    _check_budget(folder.path, record, plan.seconds)
    if not _is_finished(folder, record, recipe, cohort, catalogue):
        _fit(recipe, cohort, folder, plan, catalogue)
    return folder.path


def _check_budget(run: Path, record: Mapping[str, Any], seconds: float) -> None:
    found = float(record.get("max_seconds", seconds))
    if found != seconds:
        raise MismatchError(
            f"{run}: holds a run with {_budget(found)}, expected {_budget(seconds)}",
            "give --budget as before, or another --output folder",
        )


def _budget(seconds: float) -> str:
    return f"at most {seconds / 60:g} minutes" if seconds else "the recipe's own scheme"


def _is_finished(
    folder: "RunFolder",
    record: Mapping[str, Any],
    recipe: "Recipe",
    cohort: "CachedCohort",
    catalogue: "Catalogue",
) -> bool:
    """Done, of this recipe and on these data; what differs is refused when the session is begun."""
    from contreg_core.recipe import resolve
    from contreg_core.recipe.difference import same

    known = same(folder.read_recipe(), resolve(recipe, catalogue), catalogue)
    if not (known and record.get("finished") and record.get("cache") == cohort.folder.name):
        return False
    scans: Mapping[str, str] = record.get("scans", {})
    if not scans:
        front().warn(
            f"{folder.path}: does not tell the sums of the scans it was trained on (contreg 0.1 kept none); "
            "it is taken as it is"
        )
    return cohort.sums(scans) == scans


def _fit(
    recipe: "Recipe", cohort: "CachedCohort", folder: "RunFolder", plan: TablePlan, catalogue: "Catalogue"
) -> None:
    from contreg.fitting import train as run_session
    from contreg.plugins import plugin_versions
    from contreg_core.engine import Engine
    from contreg_core.training.session import Session

    engine = Engine.choose(plan.device, plan.precision)
    versions = plugin_versions()
    with folder.alone():
        run_session(
            Session(recipe, cohort, folder, engine, catalogue, max_seconds=plan.seconds, plugins=versions)
        )
