"""Loading plugins: every entry point of the group ``contreg`` in its own try. Importing this imports no torch."""

import inspect
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from contreg_core import __version__, hookspecs
from contreg_core.catalogue import Broken, Catalogue, Contribution
from contreg_core.errors import UnavailableError
from contreg_core.house import put_back
from contreg_core.parameters import NAME, parameters_of

HOUSE = "contreg"
"""The distribution whose own entry points are always loaded."""
ALLOW_VARIABLE = "CONTREG_PLUGINS"
_WIRING = {
    "encoder": ("image_channels", "ndim"),
    "decoder": ("channels", "ndim"),
    "segmenter": ("image_channels", "classes", "ndim"),
}


@dataclass(frozen=True)
class InstalledPlugin:
    """An entry point as its metadata declares it; nothing was imported."""

    entry: str
    distribution: str
    version: str
    target: str
    allowed: bool


def installed_plugins(*, allow: Sequence[str] | None = None, plugins: bool = True) -> list[InstalledPlugin]:
    """Every plugin installed, the built-ins first, without importing any."""
    allowed = _allow_list(allow, plugins)
    return [
        InstalledPlugin(
            e.name, _distribution(e), e.dist.version if e.dist else "", e.value, _allowed(e, allowed)
        )
        for e in _entries()
    ]


def load_catalogue(
    *, allow: Sequence[str] | None = None, plugins: bool = True, strict: bool = False
) -> Catalogue:
    """All that is installed and allowed.

    ``allow`` names entry points or distributions (default: the comma-separated ``CONTREG_PLUGINS``, else all);
    ``plugins=False`` keeps the built-ins only. What cannot be loaded is in ``catalogue.broken``; ``strict`` raises
    ``UnavailableError`` instead. Raises ``MismatchError`` where two distributions bring the same (kind, name).
    """
    allowed = _allow_list(allow, plugins)
    results = [_try_load(entry) for entry in _entries() if _allowed(entry, allowed)]
    broken = [*(result for result in results if isinstance(result, Broken)), *_absent(allowed)]
    if strict and broken:
        found = "; ".join(one.line for one in broken)
        raise UnavailableError(found, "fix it, uninstall it, or go without --strict-plugins")
    return Catalogue.of([result for result in results if isinstance(result, Contribution)], broken)


def load_entry(entry: EntryPoint) -> Contribution:
    """What one entry point brings, checked; raises whatever is wrong with it.

    What it prints on the way goes to stderr: stdout may be JSON that a program reads. What it changes for everybody is
    put back.
    """
    import contreg_core.cohort
    import contreg_core.components
    import contreg_core.recipe  # noqa: F401 - all that any plugin imports of ours, before the clock runs

    started = time.perf_counter()
    with put_back() as changed, redirect_stdout(sys.stderr):
        contribution = load_plugin(entry.load(), entry.name, _distribution(entry))
    return replace(contribution, seconds=time.perf_counter() - started, changed=tuple(changed))


def load_plugin(plugin: ModuleType, entry: str, distribution: str) -> Contribution:
    """What a plugin's module brings, checked; raises whatever is wrong with it."""
    _check_api(plugin)
    hooks = _hooks(plugin, f"{distribution}:{entry}")
    contribution = Contribution(
        entry,
        distribution,
        tuple(checked_component(cls) for cls in _flat(hooks.contreg_components())),
        tuple(_recipe(item) for item in _flat(hooks.contreg_recipes())),
        tuple(checked_cohort(cls) for cls in _flat(hooks.contreg_cohorts())),
        {name: file for files in hooks.contreg_weights() for name, file in files.items()},
    )
    _check_weights(contribution)
    _refuse_twice(contribution)
    return contribution


def _check_api(plugin: ModuleType) -> None:
    written_for = getattr(plugin, "CONTREG_API", hookspecs.API)
    if not isinstance(written_for, int) or not hookspecs.OLDEST_API <= written_for <= hookspecs.API:
        newer = not isinstance(written_for, int) or written_for > hookspecs.API
        raise UnavailableError(
            f"written for version {written_for} of the plugin interface; contreg {__version__} has {hookspecs.API}"
            f" and takes {hookspecs.OLDEST_API} and later",
            f"install a {'newer contreg or an older' if newer else 'newer'} version of the plugin",
        )


def _refuse_twice(contribution: Contribution) -> None:
    claims = list(contribution.claims())
    for kind, name in claims:
        if claims.count((kind, name)) > 1:
            raise UnavailableError(f"{kind} '{name}' is brought twice", "for its author: return it once")


def _check_weights(contribution: Contribution) -> None:
    """Trained recipes are the plugin's own, and their files are there."""
    own = {recipe.name for recipe in contribution.recipes}
    for name, file in contribution.weights.items():
        if name not in own:
            raise UnavailableError(
                f"weights of '{name}', no recipe of its own", "for its author: return the recipe too"
            )
        if not file.is_file():
            raise UnavailableError(f"weights of '{name}': no file {file}", "install the plugin again")


def _try_load(entry: EntryPoint) -> Contribution | Broken:
    """Anything may be wrong with a stranger's module, ``sys.exit`` at import included; none of it stops us."""
    try:
        return load_entry(entry)
    except (Exception, SystemExit) as error:
        return Broken(entry.name, _distribution(entry), f"{type(error).__name__}: {error}")


def _hooks(plugin: ModuleType, name: str) -> Any:
    """A manager of its own for each plugin, so that one failing hook cannot silence another plugin's."""
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name)
    manager.check_pending()
    return manager.hook


def _flat(results: Iterable[Iterable[Any]]) -> Iterator[Any]:
    return (item for result in results for item in result)


def checked_component(cls: Any) -> Any:
    """The class, if it declares what its kind must; raises ``UnavailableError``, addressed to the author."""
    from contreg_core.components import KINDS, Component

    if not (inspect.isclass(cls) and issubclass(cls, Component)) or getattr(cls, "kind", None) not in KINDS:
        raise _author(
            cls,
            "is not an encoder, decoder, warper, loss, solver or segmenter class",
            "return the class itself",
        )
    _check_class(cls)
    _check_facts(cls)
    _check_wiring(cls)
    parameters_of(cls)
    return cls


def _check_facts(cls: Any) -> None:
    for word in ("gives", "needs"):
        facts = getattr(cls, word)
        if not isinstance(facts, frozenset) or not all(isinstance(fact, str) for fact in facts):
            raise _author(cls, f"has {word} = {facts!r}", f'write {word} = frozenset({{"..."}})')


def _check_wiring(cls: Any) -> None:
    """What is positional is never a knob, so one that slipped before the star could not be set."""
    wired = _WIRING.get(cls.kind, ())
    positional = [p for p in inspect.signature(cls).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    for parameter in positional[len(wired) :]:
        raise _author(cls, f"takes '{parameter.name}' by position", "put every knob after a bare *")


def checked_cohort(cls: Any) -> Any:
    """The class, if it declares what a cohort must; raises ``UnavailableError``, addressed to the author."""
    from contreg_core.cohort import Cohort

    if not (inspect.isclass(cls) and issubclass(cls, Cohort)):
        raise _author(cls, "is not a cohort class", "return the class itself")
    _check_class(cls)
    return cls


def _check_class(cls: Any) -> None:
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(getattr(cls, "__abstractmethods__", ())))
        raise _author(cls, f"does not define {missing}", "define it")
    if not isinstance(getattr(cls, "name", None), str):
        raise _author(cls, "has no name", "add a class attribute: name = '...'")
    if not re.fullmatch(NAME, cls.name):
        raise _author(cls, f"has the name '{cls.name}'", "use lower-case letters, digits, - and _")


def _recipe(item: Any) -> Any:
    from contreg_core.recipe import Recipe, load_recipe

    if isinstance(item, Recipe):
        return item
    if isinstance(item, str):
        return load_recipe(item)
    raise _author(item, "is not a recipe", "return TOML text or a Recipe")


def _author(thing: object, found: str, remedy: str) -> UnavailableError:
    name = getattr(thing, "__qualname__", repr(thing))
    return UnavailableError(f"{name} {found}", f"for its author: {remedy}")


def _entries() -> list[EntryPoint]:
    found = entry_points(group=hookspecs.GROUP)
    return sorted(found, key=lambda e: (_distribution(e) != HOUSE, _distribution(e), e.name))


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _allow_list(allow: Sequence[str] | None, plugins: bool) -> frozenset[str] | None:
    if not plugins:
        return frozenset()
    if allow is None and ALLOW_VARIABLE in os.environ:
        allow = os.environ[ALLOW_VARIABLE].split(",")
    return None if allow is None else frozenset(name.strip() for name in allow if name.strip())


def _allowed(entry: EntryPoint, allowed: frozenset[str] | None) -> bool:
    house = _distribution(entry) == HOUSE
    return house or allowed is None or entry.name in allowed or _distribution(entry) in allowed


def _absent(allowed: frozenset[str] | None) -> list[Broken]:
    """Names in the allow-list that nothing installed answers to: most likely misspelt."""
    known = {name for entry in _entries() for name in (entry.name, _distribution(entry))}
    return [
        Broken(name, "", "allowed, but not installed") for name in sorted((allowed or frozenset()) - known)
    ]
