"""Installed plugins as plain data: by their metadata, or by loading them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_cli.shell import shell

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue, Contribution
    from contreg_core.conformance import Report

Key = tuple[str, str]


def describe_installed(check: bool) -> list[dict[str, Any]]:
    """Entry, distribution, version, target, state and reason of every plugin; loaded ones say what they bring."""
    from contreg_core.plugins import installed_plugins

    found = installed_plugins(allow=shell().allow, plugins=shell().plugins)
    catalogue = _catalogue() if check else None
    rows = [
        {
            "entry": plugin.entry,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "target": plugin.target,
            **_loaded((plugin.entry, plugin.distribution), plugin.allowed, catalogue),
        }
        for plugin in found
    ]
    known = {(plugin.entry, plugin.distribution) for plugin in found}
    return rows + _absent(catalogue, known)


def conformance_of(name: str, source: Path | None, limit: float) -> "Iterator[Report]":
    """The reports of all that the plugin of this entry or distribution brings, ``limit`` seconds for each."""
    from contreg_core.conformance import try_all
    from contreg_core.errors import UnavailableError
    from contreg_core.parameters import unknown

    catalogue = _catalogue()
    for broken in catalogue.broken:
        if name in (broken.entry, broken.distribution):
            raise UnavailableError(
                broken.line, "for its author: let its module import and its hooks return lists"
            )
    chosen = [one for one in catalogue.contributions if name in (one.entry, one.distribution)]
    if not chosen:
        entries = [one.entry for one in catalogue.contributions]
        raise unknown(f"there is no plugin '{name}'", name, entries, "plugins")
    for one in chosen:
        yield from try_all(one, {cohort.name: source for cohort in one.cohorts} if source else {}, limit)


def _loaded(key: Key, allowed: bool, catalogue: "Catalogue | None") -> dict[str, Any]:
    nothing: dict[str, Any] = {"reason": "", "seconds": None, "brings": {}}
    if not allowed:
        return {"state": "not allowed", **nothing}
    if catalogue is None:
        return {"state": "allowed", **nothing}
    reasons = {(one.entry, one.distribution): " ".join(one.reason.split()) for one in catalogue.broken}
    if key in reasons:
        return {"state": "broken", **nothing, "reason": reasons[key]}
    one = next(one for one in catalogue.contributions if (one.entry, one.distribution) == key)
    return {"state": "loads", "reason": "", "seconds": round(one.seconds, 3), "brings": _brings(one)}


def _brings(contribution: "Contribution") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, name in contribution.claims():
        found.setdefault(kind, []).append(name)
    return found


def _absent(catalogue: "Catalogue | None", known: set[Key]) -> list[dict[str, Any]]:
    """Allowed, and not installed."""
    broken = catalogue.broken if catalogue else ()
    return [
        {
            **{"entry": one.entry, "distribution": "", "version": "", "target": "", "state": "absent"},
            **{"reason": one.reason, "seconds": None, "brings": {}},
        }
        for one in broken
        if (one.entry, one.distribution) not in known
    ]


def _catalogue() -> "Catalogue":
    from contreg_core.plugins import load_catalogue

    return load_catalogue(allow=shell().allow, plugins=shell().plugins)
