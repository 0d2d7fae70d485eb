"""The names a shell completes, kept in a file so that no plugin and no torch is imported when a person presses TAB.

The file is written by every command that loads the catalogue anyway, where it would change. It is valid for the
plugins, by distribution and version, that it was made from; of others nothing is completed until the next command.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_core.plain_json import parse_json

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.recipe import Recipe

Summaries = Mapping[str, str]
Knobs = Mapping[tuple[str, str], Sequence[str]]


@dataclass(frozen=True)
class Names:
    """``trained`` and ``solvers``: recipes to fit, and not, with their summaries. ``settings``: recipe -> paths."""

    plugins: Sequence[str] = ()
    trained: Summaries = field(default_factory=dict)
    solvers: Summaries = field(default_factory=dict)
    components: Summaries = field(default_factory=dict)
    cohorts: Summaries = field(default_factory=dict)
    protocols: Mapping[str, Sequence[str]] = field(default_factory=dict)
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def recall() -> Names:
    """The names last written; empty where there are none, or where other plugins are installed by now."""
    with suppress(OSError, ValueError, TypeError):
        names = Names(**parse_json(_file().read_text(encoding="utf-8")))
        if list(names.plugins) == _plugins():
            return names
    return Names()


def remember(catalogue: "Catalogue") -> None:
    """Write the catalogue's names, where that is possible and changes anything; a failure is no one's concern."""
    from contreg_core.errors import ContregError
    from contreg_core.files import write_json

    with suppress(ContregError):
        names = json.loads(json.dumps(asdict(collect(catalogue))))
        if names != json.loads(json.dumps(asdict(recall()))):
            write_json(_file(), names)


def collect(catalogue: "Catalogue") -> Names:
    """The names of a catalogue."""
    from contreg_core.parameters import parameters_of

    recipes = catalogue.recipes()
    knobs: Knobs = {(cls.kind, cls.name): tuple(parameters_of(cls)) for cls in catalogue.components()}
    return Names(
        plugins=_plugins(),
        trained={recipe.name: recipe.summary for recipe in recipes if recipe.form != "solver"},
        solvers={
            recipe.name: recipe.summary
            for recipe in recipes
            if recipe.form == "solver" or recipe.name in catalogue.weights
        },
        components={cls.name: cls.kind for cls in catalogue.components()},
        cohorts={cls.name: cls.summary for cls in catalogue.cohorts()},
        protocols={cls.name: list(_protocols(cls)) for cls in catalogue.cohorts()},
        settings={recipe.name: list(_settings(recipe, catalogue, knobs)) for recipe in recipes},
    )


def _file() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("contreg") / "names.json"


def _plugins() -> list[str]:
    from contreg_core.plugins import installed_plugins

    return [f"{p.distribution} {p.version} {p.target} {p.allowed}" for p in installed_plugins()]


def _protocols(cohort: Any) -> Iterator[str]:
    """Of a cohort that tells them without its files."""
    from contreg_core.errors import ContregError

    with suppress(ContregError):
        yield from (protocol.name for protocol in cohort().protocols())


def _settings(recipe: "Recipe", catalogue: "Catalogue", knobs: Knobs) -> Iterator[str]:
    """Every path that ``-s`` of this recipe takes."""
    from contreg_core.recipe.nouns import SECTIONS

    for slot, choice in recipe.parts.items():
        yield from (slot, *(f"{slot}.{knob}" for knob in knobs.get((slot, choice.name), ())))
    for key, term in recipe.losses.items():
        yield from (f"loss.{key}.{knob}" for knob in ("weight", *knobs.get(("loss", term.choice.name), ())))
    others = {cls.name for cls in catalogue.components("loss")} - set(recipe.losses)
    yield from (f"loss.{name}.weight" for name in sorted(others))
    yield from (f"{key}.{knob}" for key in SECTIONS for knob in vars(getattr(recipe, key)))
