"""Scoring the pairs of an evaluation on the workers it may use, and keeping what is done."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from contreg.fleet import Fleet, refuse_failures, work_through
from contreg.front import Front, front, using
from contreg.plugins import catalogue_of
from contreg_core.errors import ContregError, RetryError
from contreg_core.fleet.report import ItemReport
from contreg_core.fleet.work_list import Unit, WorkList

if TYPE_CHECKING:
    from contreg.evaluating.evaluated_model import EvaluatedModel, Pairs
    from contreg.evaluating.request import EvaluationRequest
    from contreg.evaluating.resuming import Scored
    from contreg_core.cache import CachedScan
    from contreg_core.cohort import Protocol
    from contreg_core.evaluation import PairScore

    Scores: TypeAlias = tuple[PairScore, ...]


def score_pairs(
    subject: "EvaluatedModel",
    protocol: "Protocol",
    request: "EvaluationRequest",
    pairs: "Pairs",
    scored: "Scored",
    fleet: Fleet,
) -> None:
    """Add the scores of every pair of this shard; raises where some fail, the others kept.

    The unit of work is one fixed image of a segmenter, which looks at it once, and one pair of everything else.
    """
    groups = _by_fixed(pairs) if subject.register is None else [[pair] for pair in pairs]
    items = {Unit(_name(group), "pairs.csv", scored.mark): group for group in groups}
    WorkList("evaluate", tuple(items)).save(scored.folder, add=False)
    here = fleet.workers == 1 and fleet.dask is None
    elsewhere = partial(_on_worker, _placed(request, fleet), front().silent(), secrets.token_hex())
    work: Callable[[Pairs], ItemReport[Scores]] = partial(_report, subject, protocol) if here else elsewhere
    with scored.kept() as keeper:

        def say(report: "ItemReport[Scores]") -> str:
            for score in report.value or ():
                keeper.add(score)
            return report.id

        worked = work_through(
            "evaluate",
            scored.folder,
            fleet,
            work,
            items,
            _lost,
            say,
            lambda unit: all(map(scored.has, items[unit])),
        )
    if worked.failures and not (worked.kept or any(report.value for report in worked.reports)):
        raise next(iter(worked.failures.values()))
    for name, error in worked.failures.items():
        front().say(f"failed: {name}: {error}", aside=True)
    refuse_failures(worked, "pairs", scored.folder)


def scored_in(folder: Path) -> Callable[[Unit], bool]:
    """Whether the pairs of a unit are scored in an evaluation's folder, for ``status``."""
    from contreg.evaluating.resuming import Scored

    known: dict[str, set[str]] = {}

    def is_scored(unit: Unit) -> bool:
        if unit.key not in known:
            pairs = Scored(folder, unit.key, reuse=True).scores
            known[unit.key] = {f"{moving} -> {fixed}" for moving, fixed in pairs} | {
                fixed for _, fixed in pairs
            }
        return unit.id in known[unit.key]

    return is_scored


def _by_fixed(pairs: "Pairs") -> "list[Pairs]":
    groups: dict[str, list[tuple[CachedScan, CachedScan]]] = {}
    for pair in pairs:
        groups.setdefault(pair[1].id, []).append(pair)
    return list(groups.values())


def _name(group: "Pairs") -> str:
    moving, fixed = group[0]
    return f"{moving.id} -> {fixed.id}" if len(group) == 1 else fixed.id


def _report(subject: "EvaluatedModel", protocol: "Protocol", group: "Pairs") -> "ItemReport[Scores]":
    try:
        return ItemReport(_name(group), "done", tuple(subject.scores(group, protocol)))
    except ContregError as error:
        return ItemReport(_name(group), "failed", failure=error)


def _on_worker(request: "EvaluationRequest", asked: Front, call: str, group: "Pairs") -> "ItemReport[Scores]":
    subject = _ready(request, asked, call)
    return _report(subject, subject.cohort.protocol(request.protocol), group)


@lru_cache(maxsize=1)
def _ready(request: "EvaluationRequest", asked: Front, call: str) -> "EvaluatedModel":
    """Once in a process and ``call``: a cluster's processes outlive it, and the run may be trained on meanwhile."""
    from contreg.evaluating.ready import ready

    with using(asked):
        return ready(request, catalogue_of(asked))


def _placed(request: "EvaluationRequest", fleet: Fleet) -> "EvaluationRequest":
    """Its folders as workers of a cluster find them."""
    model = Path(request.model)
    named = str(fleet.place(model)) if model.exists() and request.model != "none" else request.model
    return replace(request, model=named, cache=request.cache and fleet.place(request.cache))


def _lost(group: "Pairs", error: RetryError) -> "ItemReport[Scores]":
    return ItemReport(_name(group), "failed", failure=error)
