"""Where the run came from, what it cost, and the recipe to run it again."""

from collections.abc import Mapping
from typing import Any

from contreg.reporting.markup import Html, section, table, tag
from contreg.reporting.numbers import MISSING, duration, memory, number
from contreg.reporting.run_record import RunFacts
from contreg_core.cache import CachedCohort


def origin(record: RunFacts, cohort: CachedCohort | None, parameters: int | None) -> Html:
    """Two tables: provenance and cost."""
    left = tag("div", tag("h3", "Provenance"), table((), _provenance(record, cohort)))
    right = tag("div", tag("h3", "Cost"), table((), _cost(record, parameters)))
    return section("origin", "Origin and cost", tag("div", left, right, class_="columns"))


def recipe(record: RunFacts) -> Html:
    """The resolved recipe, every knob written out, folded away."""
    lead = tag("p", "Every knob as this run had it; it is frozen in the checkpoint too.", class_="lead")
    text = tag("details", tag("summary", "recipe.toml"), tag("pre", record.recipe_text))
    return section("recipe", "Recipe", lead, text)


def _provenance(record: RunFacts, cohort: CachedCohort | None) -> list[tuple[str, object]]:
    facts = record.facts
    rows: list[tuple[str, object]] = [
        ("contreg", facts.get("contreg", MISSING)),
        ("Command", tag("code", _command(facts))),
        ("Device", facts.get("device", MISSING)),
        ("System", f"{facts.get('system', MISSING)}, Python {facts.get('python', MISSING)}"),
        ("Libraries", _versions(facts.get("packages"))),
        ("Plugins", _versions(facts.get("plugins"))),
        ("Seed", record.recipe.training.seed),
        ("Data", f"{record.cohort} (cache {facts.get('cache', MISSING)})"),
        ("Grid", _grid(facts)),
        *_splits(record, cohort),
        ("Started", facts.get("started", MISSING)),
        ("Finished", facts.get("finished", "not finished")),
    ]
    return rows


def _splits(record: RunFacts, cohort: CachedCohort | None) -> list[tuple[str, object]]:
    groups = [("Training scans", record.names("training")), ("Validation scans", record.names("validation"))]
    if cohort is not None:
        groups.append(("Test scans", [scan.id for scan in cohort.split("test")]))
    return [(name, f"{len(ids)}: {', '.join(ids)}" if ids else "none") for name, ids in groups]


def _cost(record: RunFacts, parameters: int | None) -> list[tuple[str, object]]:
    scheme = record.recipe.training
    scored = record.evaluations[0].summary if record.evaluations else {}
    return [
        ("Training time", duration(record.seconds)),
        ("Optimiser steps", number(record.steps, 0)),
        ("Pairs a step", scheme.batch_size),
        ("Trainable values", MISSING if parameters is None else f"{parameters:,}".replace(",", "\u202f")),
        ("Time a pair", duration(scored.get("seconds"))),
        ("Peak memory, evaluation", memory(scored.get("peak_memory_mib"))),
    ]


def _command(facts: Mapping[str, Any]) -> str:
    command = facts.get("command")
    return " ".join(str(word) for word in command) if isinstance(command, list) else MISSING


def _versions(packages: object) -> str:
    if not isinstance(packages, dict) or not packages:
        return "none"
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _grid(facts: Mapping[str, Any]) -> str:
    grid, spacing = facts.get("grid"), facts.get("spacing")
    if not isinstance(grid, list):
        return MISSING
    size = " × ".join(str(length) for length in grid)
    return (
        f"{size} voxels of {spacing:g} mm"
        if isinstance(spacing, int | float) and spacing
        else f"{size} voxels"
    )
