"""The pair that the pictures show, registered by every row that can."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contreg.benchmark.gallery import Method
from contreg.benchmark.plan import TablePlan
from contreg.benchmark.work import Outcome, request_for
from contreg.comparing.scored import ScoredModel
from contreg.evaluating.ready import ready
from contreg.front import front
from contreg_core.evaluation.overlap import mean_present

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


def shown_rows(plan: TablePlan, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Rows that register, on the grid of the main one; refined rows look like those they refine and are left out."""
    done = [outcome for outcome in outcomes if outcome.model and outcome.row.kind in ("learned", "solver")]
    main = next(
        (outcome for outcome in done if outcome.row.name == plan.table.main), done[0] if done else None
    )
    if main is None or main.model is None:
        return []
    cache = main.model.summary["cache"]
    alike = [
        item for item in done if item.model and item.model.summary["cache"] == cache and not item.row.refine
    ]
    return sorted(alike, key=lambda outcome: outcome is not main)


def median_pair(model: ScoredModel) -> tuple[str, str]:
    """(moving, fixed) of the pair in the middle by headline Dice."""
    ranked = sorted(
        (mean_present(score.dice(model.headline).values()), score.moving, score.fixed)
        for score in model.scores
    )
    return ranked[(len(ranked) - 1) // 2][1:]


def register_all(
    plan: TablePlan, rows: Sequence[Outcome], pair: tuple[str, str], catalogue: "Catalogue"
) -> list[Method]:
    """The pair by every row that registers."""
    from contreg.reporting.example import register_example

    methods = []
    for outcome in rows:
        front().say(f"figure: {pair[0]} -> {pair[1]} by {outcome.row.name}", aside=True)
        subject = ready(request_for(outcome.row, plan), catalogue)
        if subject.register is None:
            continue  # a segmenter moves nothing
        scans = {scan.id: scan for scan in subject.cohort.scans}
        example = register_example(subject.register, subject.cohort, (scans[pair[0]], scans[pair[1]]))
        methods.append(Method(outcome.row.name, example))
    return methods
