"""The one look at the test subjects: the variants chosen by those held out, with paired statistics."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.accuracy.experiment import Experiment, Trial, Variant
from benchmarks.accuracy.ledger import Ledger, Line, person
from benchmarks.accuracy.side_by_side import Task, codes, worst
from benchmarks.accuracy.work import Place, scored_on
from contreg.comparing.differences import with_differences
from contreg.comparing.output import bounds, p_text, signed
from contreg.comparing.scored import ScoredModel, read_scored
from contreg_core.errors import MissingError
from contreg_core.evaluation import PairScore, shared_pairs
from contreg_core.evaluation.overlap import mean_present

KINDS = ("fused", "labelmean")


def report(experiment: Experiment, place: Place, by: str = "", jobs: int = 1) -> int:
    """Score and compare; returns an exit code. Raises ``MissingError`` while a trial is neither scored nor failed.

    That the pairs are looked at is written before they are. What was reported is taken as it stands.
    """
    trials = list(experiment.trials())
    _require_finished(trials, place.ledger)
    for data in _cohorts(experiment):
        names = chosen(experiment, data, place.ledger)
        mine = [one for one in trials if one.variant.name in names and _chosen_by(one, data, place.ledger)]
        new = [one for one in mine if not _reported(one, data, place.ledger)]
        if new:
            place.ledger.append("looked", _look(experiment, data, new, by))
        code = worst(codes([Task(one, data, "test") for one in new], place, jobs))
        if code:
            return code
        for origin in experiment.data if data in experiment.also else (data,):
            _compare([one for one in mine if one.data == origin], place, data)
    return 0


def chosen(experiment: Experiment, data: str, ledger: Ledger) -> list[str]:
    """The variants that are reported on a cohort: all, or the base, the one best on the subjects held out of those that
    are trained, and what predicts by the run of either.
    """
    if experiment.report == "all":
        return [variant.name for variant in experiment.variants]
    trained = [variant for variant in experiment.variants if not variant.run]
    best = max(trained, key=lambda variant: _held_out(experiment, variant, data, ledger))
    known = (experiment.base, best.name)
    return [variant.name for variant in experiment.variants if {variant.name, variant.run} & {*known}]


def _held_out(experiment: Experiment, variant: Variant, data: str, ledger: Ledger) -> float:
    """Mean Dice over seeds (and over what it was trained on), by the protocol's headline."""
    found = [_chosen_by(trial, data, ledger) for trial in experiment.trials() if trial.variant is variant]
    return statistics.fmean([float(line[f"dice_{line['headline']}"]) for line in found if line] or [0.0])


def _cohorts(experiment: Experiment) -> list[str]:
    return list(dict.fromkeys([*experiment.data, *experiment.also]))


def _require_finished(trials: Sequence[Trial], ledger: Ledger) -> None:
    left = [
        trial
        for trial in trials
        for data in scored_on(trial.experiment, trial)
        if not _chosen_by(trial, data, ledger) and not ledger.last(kind="failed", key=trial.key)
    ]
    if left:
        names = ", ".join(dict.fromkeys(trial.variant.name for trial in left))
        raise MissingError(
            f"{len(left)} of the experiment's scores on held-out subjects are missing ({names})",
            "run the experiment to its end first: nothing is chosen while the test subjects are known",
        )


def _chosen_by(trial: Trial, data: str, ledger: Ledger) -> Line | None:
    """Its score on the subjects held out; what failed has none, and is reported as failed."""
    return ledger.last(kind="scored", key=trial.key, scored_on=data, split="validation")


def _reported(trial: Trial, data: str, ledger: Ledger) -> bool:
    return ledger.last(kind="scored", key=trial.key, scored_on=data, split="test") is not None


def _look(experiment: Experiment, data: str, trials: Sequence[Trial], by: str) -> dict[str, Any]:
    return {
        "experiment": experiment.name,
        "by": by or person(),
        "scored_on": data,
        "split": "test",
        "variants": list(dict.fromkeys(trial.variant.name for trial in trials)),
        "keys": [trial.key for trial in trials],
        "note": experiment.note,
    }


def _compare(trials: Sequence[Trial], place: Place, data: str) -> None:
    """Every variant against its own base, seeds averaged pair by pair; Holm's correction over the variants."""
    if not trials:
        return
    by_variant: dict[str, list[Trial]] = {}
    for trial in trials:
        by_variant.setdefault(trial.variant.name, []).append(trial)
    models = {name: model for name, own in by_variant.items() if (model := _averaged(name, own, place, data))}
    experiment = trials[0].experiment
    pairs = [
        (model, models[other.name])
        for name, model in models.items()
        if (other := experiment.against(experiment.by_name[name])) and other.name in models
    ]
    facts = {"experiment": experiment.name, "trained_on": trials[0].data, "scored_on": data}
    for kind in KINDS:
        of_kind = [(_headed(model, kind), _headed(other, kind)) for model, other in pairs]
        for row in with_differences(of_kind):
            found = {**facts, **_difference(row), "kind_of_dice": kind}
            found["seeds"] = [trial.seed for trial in by_variant[row["name"]]]
            _tell(found)
            if not place.ledger.last(kind="compared", **found):
                place.ledger.append("compared", {**found, "note": experiment.note})


def _difference(row: dict[str, Any]) -> dict[str, Any]:
    """Mean difference of Dice, its interval over subjects, and both p-values."""
    found = dict(row["difference"])
    return {"variant": row["name"], "difference": found.pop("dice"), **found}


def _tell(found: dict[str, Any]) -> None:
    between = f"{found['variant']} - {found['to']}, on {found['scored_on']}, {found['kind_of_dice']}"
    print(
        f"{between}: {signed(found['difference'])} (95 % {bounds(found['interval'], sign=True)}, "
        f"p {p_text(found['p_holm'])}, {found['pairs']} pairs, seeds {found['seeds']})"
    )


def _headed(model: ScoredModel, kind: str) -> ScoredModel:
    return replace(model, summary={**model.summary, "headline": kind})


def _averaged(name: str, trials: Sequence[Trial], place: Place, data: str) -> ScoredModel | None:
    """A variant with the mean over its seeds of every Dice; None where its scores are not on this machine."""
    folders = [place.evaluation(trial, data, "test") for trial in trials]
    if not all((folder / "summary.json").is_file() for folder in folders):
        print(f"{name}: the scores of its pairs are not on this machine", file=sys.stderr)
        return None
    models = [read_scored(folder) for folder in folders]
    scores = averaged([model.scores for model in models])
    return replace(models[0], name=name, scores=tuple(scores))


def averaged(groups: Sequence[Sequence[PairScore]]) -> list[PairScore]:
    """The pairs that all groups have, every Dice the mean over the groups."""
    tables = [{(score.moving, score.fixed): score for score in group} for group in groups]
    return [_mean([table[pair] for table in tables]) for pair in shared_pairs(groups)]


def _mean(scores: Sequence[PairScore]) -> PairScore:
    return replace(
        scores[0],
        dice_fused=_over([score.dice_fused for score in scores]),
        dice_labelmean=_over([score.dice_labelmean for score in scores]),
        dice_label=_over([score.dice_label for score in scores]),
    )


def _over(tables: Sequence[dict[Any, float]]) -> dict[Any, float]:
    return {name: mean_present(table[name] for table in tables) for name in tables[0]}
