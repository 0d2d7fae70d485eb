"""What a shell offers when a person presses TAB: names of the catalogue, runs, model files, prepared cohorts.

Every function here is a ``shell_complete`` of click. They read a metadata file and folders, nothing else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Items: TypeAlias = "list[CompletionItem]"


def recipes(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """What ``fit`` and ``prepare`` take: recipes by name, recipe files, runs and model files."""
    names = _names()
    return _or_files(typed, {**names.trained, **names.solvers}, _runs(), _files(".toml", ".safetensors"))


def models(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """What predicts: runs, model files, recipes that need no training."""
    return _or_files(typed, _runs(), _files(".safetensors"), _names().solvers)


def runs(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Run folders."""
    return _or_files(typed, _runs(), kind="dir")


def evaluations(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """What ``compare`` takes: runs, and folders of evaluations outside of them."""
    outside = sorted(path.parent for path in Path("evaluation").glob("*/*/summary.json"))
    return _or_files(typed, _runs(), {str(path): "evaluation" for path in outside}, kind="dir")


def cohorts(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Cohorts; those that are prepared say so."""
    ready = _prepared(context)
    known = {name: ready.get(name, summary) for name, summary in _names().cohorts.items()}
    return _matching(typed, known)


def atlases(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Prepared cohorts, else files."""
    return _or_files(typed, _prepared(context))


def protocols(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Of the cohort that is named, else of all."""
    known = _names().protocols
    chosen = known.get(str(context.params.get("data") or context.params.get("name")))
    names = chosen if chosen is not None else (name for some in known.values() for name in some)
    return _matching(typed, dict.fromkeys(names, ""))


def things(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """All that ``show`` knows."""
    names = _names()
    catalogue = {**names.trained, **names.solvers, **names.components, **names.cohorts}
    return _or_files(typed, catalogue, _runs(), _files(".toml", ".safetensors"))


def settings(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """``PATH=`` of every setting of the recipe that is named; of all recipes where none is."""
    known = _names().settings
    chosen = known.get(str(context.params.get("model") or context.params.get("name")))
    paths = chosen if chosen is not None else sorted({path for some in known.values() for path in some})
    return _matching(typed, {f"{path}=": "" for path in paths})


def plugins(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Installed plugins, by the names of their entry points."""
    from contreg_core.plugins import installed_plugins

    return _matching(typed, {plugin.entry: plugin.distribution for plugin in installed_plugins()})


def _names() -> Any:
    from contreg_cli.names import recall

    return recall()


def _runs() -> dict[str, str]:
    from contreg.models import known_runs

    return {str(run): "run" for run in known_runs()}


def _files(*suffixes: str) -> dict[str, str]:
    return {path.name: "file" for path in sorted(Path().iterdir()) if path.suffix in suffixes}


def _prepared(context: click.Context) -> dict[str, str]:
    """Cohorts with a cache under ``--cache``, ``CONTREG_CACHE`` or the user's cache folder."""
    import os
    import re

    from platformdirs import user_cache_path

    root = context.params.get("cache") or os.environ.get("CONTREG_CACHE") or user_cache_path("contreg")
    folders = (path.parent.name for path in Path(root).glob("*/cohort.json"))
    found = (re.fullmatch(r"(.+)-[0-9a-f]{12}", folder) for folder in folders)
    return {match[1]: "prepared" for match in sorted(filter(None, found), key=str)}


def _or_files(typed: str, *groups: Mapping[str, str], kind: str = "file") -> Items:
    """Names that match; where none does, the shell's own completion of files."""
    from click.shell_completion import CompletionItem

    found = [item for group in groups for item in _matching(typed, group)]
    return found or [CompletionItem(typed, type=kind)]


def _matching(typed: str, names: Mapping[str, str]) -> Items:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=told or None) for name, told in names.items() if name.startswith(typed)]
