"""Finding the cache a recipe needs, or the command that makes it."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.recipes import DEFAULT_MODEL
from contreg_core.errors import MissingError

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort
    from contreg_core.catalogue import Catalogue
    from contreg_core.preprocessing.spec import Preprocessing


def open_cache(
    catalogue: "Catalogue",
    name: str,
    spec: "Preprocessing",
    cache: Path | None,
    model: str = DEFAULT_MODEL,
    settings: Sequence[str] = (),
) -> "CachedCohort":
    """The prepared cohort under ``spec``. One that needs no source is prepared here and now.

    ``model`` and ``settings`` are what the user said, and led to ``spec``. Raises ``MissingError`` with the command
    that prepares it.
    """
    from contreg_core.cache import CachedCohort, find_cache

    cohort = catalogue.cohort(name)
    root = cache_root(cache)
    found = find_cache(root, name, spec)
    if found is not None:
        return CachedCohort.open(found)
    if cohort.needs_source:
        options = prepare_options(catalogue, spec, model, settings)
        raise _missing(root, name, prepare_command(name, cache, options))
    return _prepare_embedded(catalogue, name, spec, root)


def cache_root(given: Path | None) -> Path:
    """The folder of all caches: ``given``, else CONTREG_CACHE, else the user's cache folder."""
    from contreg_core.cache import default_root

    return given or default_root()


def prepare_options(
    catalogue: "Catalogue", spec: "Preprocessing", model: str, settings: Sequence[str]
) -> list[str]:
    """The options that lead ``prepare`` to ``spec``, which ``model`` and ``settings`` led to; none where it needs none.

    A recipe that learns from label maps prepares these finer than the images it is used on: for those it is not named.
    """
    from contreg.recipes import find_recipe, is_recipe

    own = [setting for setting in settings if setting.startswith("preprocessing.")]
    known = is_recipe(DEFAULT_MODEL, catalogue)
    plain = known and find_recipe(catalogue, DEFAULT_MODEL, own).cached == spec
    return [*([] if plain else ["--model", model]), *(part for setting in own for part in ("-s", setting))]


def prepare_command(name: str, cache: Path | None, options: Sequence[str]) -> str:
    """The command line that prepares a cohort."""
    where = [] if cache is None else ["--cache", str(cache)]
    known = shlex.join(["contreg", "prepare", "--data", name])
    return " ".join([known, "--source DIR", shlex.join([*where, *options])]).rstrip()


def _missing(root: Path, name: str, command: str) -> MissingError:
    others = len(list(root.glob(f"{name}-*/cohort.json")))
    beside = f" ({others} prepared with other settings)" if others else ""
    return MissingError(f"{root}: '{name}' is not prepared for this recipe{beside}", f"run {command}")


def _prepare_embedded(catalogue: "Catalogue", name: str, spec: "Preprocessing", root: Path) -> "CachedCohort":
    from contreg.preparing import prepare_scans
    from contreg_core.cache import CachedCohort
    from contreg_core.prepare import Preparation

    cohort = catalogue.cohort(name)()
    plan = Preparation.plan(cohort, spec, root)
    prepare_scans(plan, cohort.scans())
    return CachedCohort.open(plan.folder)
