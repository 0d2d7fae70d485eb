"""Trials done through the command line a user has; what is done already is not done again."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.accuracy.experiment import Experiment, Trial
from benchmarks.accuracy.ledger import Ledger
from contreg_core.catalogue import Catalogue

STOPPED = (75, 130)
"""Exit codes of what was asked to stop: it has saved, and the same command goes on."""
_SCORES = (
    *(
        "pairs",
        "of_pairs",
        "dice_fused",
        "dice_labelmean",
        "dice_labels",
        "hd95_mm",
        "assd_mm",
        "folding_percent",
    ),
    *("sdlogj", "seconds", "peak_memory_mib", "protocol", "headline", "cache", "checkpoint_sha256"),
)
_TRAINING = ("steps", "training_seconds", "device", "best_validation")


class FailedError(Exception):
    """A command did not do its work; its exit code."""


@dataclass(frozen=True)
class Place:
    """Where runs, caches and the table are, and on what device."""

    work: Path = Path(".data/accuracy")
    cache: Path | None = None
    device: str = "auto"
    ledger: Ledger = field(default_factory=Ledger)

    def run(self, trial: Trial) -> Path:
        """The run folder of a trial; shared by all that predict by it."""
        return self.work / "runs" / trial.run

    def evaluation(self, trial: Trial, data: str, split: str) -> Path:
        """Where the scores of every pair go."""
        return self.work / "evaluation" / f"{trial.key}-{data}-{split}"

    @property
    def options(self) -> list[str]:
        """What every command is given."""
        cache = [] if self.cache is None else ["--cache", str(self.cache)]
        return [*cache, "--device", self.device]


def scored_on(experiment: Experiment, trial: Trial) -> list[str]:
    """The cohorts a trial is scored on: its own first."""
    return list(dict.fromkeys([trial.data, *experiment.also]))


def learned(trial: Trial, catalogue: Catalogue) -> bool:
    """Whether there is anything to train."""
    recipe = trial.trained.recipe
    return recipe != "none" and catalogue.recipe(recipe).form != "solver"


def fit_command(trial: Trial, place: Place) -> list[str]:
    """The training; given again it goes on."""
    settings = [part for setting in trial.settings for part in ("-s", setting)]
    what = ["--model", trial.trained.recipe, "--data", trial.data, "--run", str(place.run(trial))]
    return ["fit", *what, *trial.budget, "--seed", str(trial.seed), *place.options, *settings]


def evaluate_command(trial: Trial, place: Place, data: str, split: str, *, run: bool) -> list[str]:
    """The scores on one split of one cohort."""
    settings = [] if run else [part for setting in trial.settings for part in ("-s", setting)]
    model = ["--model", str(place.run(trial)) if run else trial.trained.recipe]
    where = ["--data", data, "--split", split, "--output", str(place.evaluation(trial, data, split))]
    return ["evaluate", *model, *where, *trial.variant.predicting, *place.options, *settings]


def attempt(trial: Trial, place: Place, data: str, split: str, catalogue: Catalogue) -> int:
    """Train what is not trained, score, and add the line; a failure is a line, too."""
    try:
        _done(trial, place, data, split, run=learned(trial, catalogue))
    except FailedError as error:
        (code,) = error.args
        if code not in STOPPED:
            place.ledger.append(
                "failed", {**trial.facts(), "scored_on": data, "split": split, "exit_code": code}
            )
        return int(code)
    return 0


def _done(trial: Trial, place: Place, data: str, split: str, *, run: bool) -> None:
    if not place.ledger.last(kind="begun", key=trial.key):
        place.ledger.append("begun", trial.facts())  # what is given up on the way was tried all the same
    if run:
        _call(fit_command(trial, place))
    folder = place.evaluation(trial, data, split)
    if not (folder / "summary.json").is_file():
        _call(evaluate_command(trial, place, data, split, run=run))
    record = _read(place.run(trial) / "run.json") if run else {}
    facts = {**trial.facts(), "scored_on": data, "split": split}
    place.ledger.append("scored", {**facts, **_figures(_read(folder / "summary.json"), record)})


def _figures(summary: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    scores = {name: summary.get(name) for name in _SCORES}
    return {**scores, **{name: record.get(name) for name in _TRAINING}}


def contreg(command: list[str]) -> int:
    """One command line, as a process; returns its exit code."""
    return subprocess.run([sys.executable, "-m", "contreg_cli", *command], check=False).returncode


def _call(command: list[str]) -> None:
    code = contreg(command)
    if code:
        raise FailedError(code)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
