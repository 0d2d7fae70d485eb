"""All that a run folder says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from contreg.reporting.evaluation_record import ReportedEvaluation, read_evaluations
from contreg_core.errors import ContregError, MissingError, UsageError
from contreg_core.recipe import Recipe, load_recipe
from contreg_core.training.run_folder import RunFolder


@dataclass(frozen=True)
class RunFacts:
    """``facts`` is ``run.json``; ``troubles`` are pieces that could not be read, in words."""

    run: RunFolder
    facts: Mapping[str, Any]
    recipe: Recipe
    recipe_text: str
    metrics: tuple[Mapping[str, Any], ...]
    evaluations: tuple[ReportedEvaluation, ...]
    troubles: tuple[ContregError, ...]

    @property
    def path(self) -> str:
        """The folder as one would type it; its name alone where an absolute path would tell of the machine."""
        return self.run.path.name if self.run.path.is_absolute() else str(self.run.path)

    @property
    def cohort(self) -> str:
        """The name of the training cohort."""
        return str(self.facts.get("cohort", "unknown cohort"))

    @property
    def model(self) -> str:
        """The name of the recipe."""
        return str(self.facts.get("model", self.recipe.name))

    @property
    def steps(self) -> object:
        """Optimiser steps made; of a run that has not ended, those logged."""
        return self.facts.get("steps", self._logged("step"))

    @property
    def seconds(self) -> object:
        """Seconds of training; of a run that has not ended, up to the last log line."""
        return self.facts.get("training_seconds", self._logged("seconds"))

    def _logged(self, key: str) -> object:
        lines = (line for line in reversed(self.metrics) if isinstance(line, dict) and key in line)
        return next(lines, {}).get(key)

    def names(self, key: str) -> list[str]:
        """A list of scan ids of ``run.json`` (``training``, ``validation``)."""
        value = self.facts.get(key)
        return [str(item) for item in value] if isinstance(value, list) else []


def read_run(path: Path) -> RunFacts:
    """Read a run folder; raises ``MissingError`` or ``DataError`` only for what makes it a run at all."""
    if path.is_file():
        raise UsageError(
            f"{path}: a file, expected a run folder",
            f"a report is made where the run is; see what the file holds: contreg show {quote(str(path))}",
        )
    run = RunFolder(path)
    recipe_text = _text(run.recipe)
    troubles: list[ContregError] = []
    metrics = _attempt(run.read_metrics, troubles)
    evaluations = _attempt(lambda: read_evaluations(path), troubles)
    _text(run.provenance)  # what makes it a run: a folder without one is no run
    facts = run.read_record()
    recipe = load_recipe(recipe_text)
    return RunFacts(run, facts, recipe, recipe_text, tuple(metrics), tuple(evaluations), tuple(troubles))


def _attempt(read: Any, troubles: list[ContregError]) -> list[Any]:
    try:
        return list(read())
    except ContregError as error:
        troubles.append(error)
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "give the folder that contreg fit wrote"
        raise MissingError(f"{path.parent}: no readable {path.name} in this folder", remedy) from error
