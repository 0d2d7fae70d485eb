"""Every row fitted and evaluated; what cannot be done says why and does not stop the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from contreg.benchmark.plan import TablePlan
from contreg.benchmark.rows import Row
from contreg.benchmark.training import train
from contreg.comparing.scored import ScoredModel, read_scored
from contreg.evaluating.evaluate import evaluate_request
from contreg.evaluating.request import EvaluationRequest
from contreg.front import front
from contreg_core.errors import ContregError, InterruptedRunError, RetryError
from contreg_core.inference.prediction import Prediction
from contreg_core.training.run_folder import RunFolder

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


@dataclass(frozen=True)
class Outcome:
    """What came of a row: its scores and the facts of its run, or the failure."""

    row: Row
    model: ScoredModel | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    failure: ContregError | None = None


def work(plan: TablePlan, catalogue: "Catalogue") -> list[Outcome]:
    """Every row in order. Being stopped ends it; the same plan then goes on where it was."""
    outcomes = []
    for number, row in enumerate(plan.rows, 1):
        front().say(f"row {number} of {len(plan.rows)}: {row.name}", aside=True)
        outcomes.append(_attempt(row, plan, catalogue))
    return outcomes


def request_for(row: Row, plan: TablePlan) -> EvaluationRequest:
    """How the row is evaluated."""
    model = str(plan.run(row)) if row.trained else row.recipe or "none"
    return EvaluationRequest(
        model=model, data=plan.data, cache=plan.cache, limit=plan.limit_of(row), output=plan.evaluation(row),
        device=plan.device, precision=plan.precision, settings=() if row.trained else plan.settings_of(row),
        how=Prediction(refine=row.refine), references=row.references or None, fusion=row.fusion, reuse=True,
    )  # fmt: skip


def _attempt(row: Row, plan: TablePlan, catalogue: "Catalogue") -> Outcome:
    try:
        return _done(row, plan, catalogue)
    except (RetryError, InterruptedRunError):
        raise
    except ContregError as error:
        front().warn(f"row '{row.name}' could not be run: {error}")
        return Outcome(row, failure=error)


def _done(row: Row, plan: TablePlan, catalogue: "Catalogue") -> Outcome:
    if row.recipe:
        catalogue.recipe(
            row.recipe
        )  # a recipe that is not installed is said in these words, whatever the kind
    run = train(row, plan, catalogue) if row.trained else None
    request = request_for(row, plan)
    request = replace(request, how=replace(request.how, samples=_samples(row, plan, catalogue)))
    _, folder = evaluate_request(request, catalogue)
    return Outcome(
        row, replace(read_scored(folder), name=row.name), {} if run is None else RunFolder(run).read_record()
    )


def _samples(row: Row, plan: TablePlan, catalogue: "Catalogue") -> int:
    """None of a row without a variance."""
    from contreg_core.engine import Engine
    from contreg_core.inference.trained import load_trained

    if not plan.samples or row.kind != "learned":
        return 0
    model = load_trained(plan.run(row), catalogue, Engine.choose(plan.device, plan.precision))
    return plan.samples if model.sampler else 0
