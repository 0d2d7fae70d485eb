"""What a table says, as JSON holds it: the rows, the paper's figures beside ours, the foot."""

from collections.abc import Mapping, Sequence
from typing import Any

import contreg_core
from contreg.benchmark.plan import TablePlan
from contreg.benchmark.rows import Row
from contreg.benchmark.work import Outcome
from contreg.comparing.checks import check_comparable
from contreg.comparing.differences import with_differences
from contreg.comparing.scored import ScoredModel

SCHEMA = 1
Content = dict[str, Any]
FOOT = (
    "Every row reads the same cached images and is scored by the same protocol on the same pairs, unless its line says "
    "otherwise; the paper's figures come from its own preprocessing, pairs and settings, so a difference to them is no "
    "measure of a method.",
    "Intervals are at 95 %, subjects drawn with replacement. p is the Wilcoxon signed-rank test over pairs, corrected "
    "by Holm over rows. Pairs that share a subject are not independent, which makes it too small: where the interval "
    "of the difference holds 0, nothing is shown.",
)


def content(plan: TablePlan, outcomes: Sequence[Outcome]) -> Content:
    """The whole table; raises ``MismatchError`` where evaluations are not of one protocol, cohort and split."""
    models = [outcome.model for outcome in outcomes if outcome.model]
    check_comparable(models, across_caches=True)
    compared = dict(zip([model.name for model in models], _compared(plan, models), strict=True))
    return {
        "schema": SCHEMA,
        "table": plan.table.name,
        "title": plan.table.title,
        "contreg": contreg_core.__version__,
        "data": plan.data,
        **({key: models[0].summary[key] for key in ("protocol", "split", "headline")} if models else {}),
        "main": plan.table.main,
        "seed": plan.seed,
        "budget_seconds": plan.seconds or None,
        "settings": list(plan.settings),
        "rows": [_row(outcome, plan, compared.get(outcome.row.name)) for outcome in outcomes],
        "foot": [*FOOT, *_cache_note(plan, models)],
    }


def _compared(plan: TablePlan, models: Sequence[ScoredModel]) -> list[Content]:
    by_name = {model.name: model for model in models}
    others = [by_name.get(_against(plan, plan.table.row(model.name))) for model in models]
    return with_differences(
        [(model, _sharing(model, other)) for model, other in zip(models, others, strict=True)]
    )


def _sharing(model: ScoredModel, other: ScoredModel | None) -> ScoredModel | None:
    """What it can be compared with: another row that has some of its pairs."""
    return other if other is not None and other is not model and model.pairs & other.pairs else None


def _against(plan: TablePlan, row: Row) -> str:
    return row.against or plan.table.main


def _row(outcome: Outcome, plan: TablePlan, compared: Content | None) -> Content:
    row = outcome.row
    paper = dict(row.paper.get(plan.data, {}))
    return {
        "name": row.name,
        "kind": row.kind,
        "recipe": row.recipe or None,
        "set": [*row.settings, *plan.settings],
        "refine": row.refine,
        "status": "failed" if outcome.model is None else "done",
        "reason": None if outcome.failure is None else str(outcome.failure),
        "paper": {"mean": paper.pop("mean", None), "regions": paper},
        **_scores(outcome.model, compared or {}),
        "training": _training(outcome.training),
        "known": row.known,
    }


def _scores(model: ScoredModel | None, compared: Content) -> Content:
    if model is None:
        return {}
    measured = {key: value for key, value in compared.items() if key not in ("name", "model")}
    summary = model.summary
    kind = model.headline
    regions = {
        name: {"dice": region[kind], "interval": region[f"{kind}_interval"]}
        for name, region in summary["regions"].items()
    }
    return {
        "of_pairs": summary.get("of_pairs"),
        "cache": summary["cache"],
        "fingerprint": summary.get("fingerprint"),
        "dice": summary["dice"],
        "dice_interval": summary.get(f"dice_{kind}_interval"),
        **measured,
        **_doubt(summary),
        "regions": regions,
    }


def _doubt(summary: Mapping[str, Any]) -> Content:
    """Of a row that drew samples."""
    found = summary.get("calibration") or {}
    drawn = {key: summary.get(key) for key in ("samples", "uncertainty_mm")}
    return {**drawn, **{key: found.get(key) for key in ("ece", "ece_interval", "brier")}}


def sampled(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any row drew samples: then tables have a column of it."""
    return any(row.get("samples") for row in rows)


_TRAINING = ("training_seconds", "steps", "device", "max_seconds", "best_validation", "started", "finished")


def _training(record: Mapping[str, Any]) -> Content | None:
    return {key: record.get(key) for key in _TRAINING} if record else None


def _cache_note(plan: TablePlan, models: Sequence[ScoredModel]) -> list[str]:
    """Rows whose preprocessing is not that of the main row."""
    caches = {model.name: model.summary["cache"] for model in models}
    usual = caches.get(plan.table.main)
    apart = [name for name, cache in caches.items() if usual is not None and cache != usual]
    if not apart:
        return []
    return [f"Preprocessing of their own, hence another grid for the same scans: {', '.join(apart)}."]
