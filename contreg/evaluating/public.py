"""``contreg.evaluate`` and ``contreg.compare``: scores under a named protocol, in a Python program."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg.comparing import checks
from contreg.comparing.differences import Row
from contreg.comparing.differences import compare as differences
from contreg.comparing.scored import read_scored
from contreg.evaluating.evaluate import evaluate_request
from contreg.evaluating.request import EvaluationRequest
from contreg.fleet import Fleet
from contreg.loading import Settings, as_settings
from contreg.plugins import load_catalogue
from contreg.wording import speaks_python
from contreg_core.inference.prediction import Prediction

if TYPE_CHECKING:
    from contreg_core.cohort import Split
    from contreg_core.engine import Precision
    from contreg_core.evaluation import PairScore
    from contreg_core.inference.segment import Fusion


@dataclass(frozen=True)
class Evaluation(os.PathLike[str]):
    """Scores on disk. ``summary`` is ``summary.json``: Dice per region with intervals, folding, distances, cost."""

    folder: Path
    summary: dict[str, Any]

    def __fspath__(self) -> str:
        return os.fspath(self.folder)

    @property
    def pairs(self) -> "tuple[PairScore, ...]":
        """The scores of every pair that counts."""
        return read_scored(self.folder).scores


@speaks_python
def evaluate(
    model: "str | os.PathLike[str]",
    data: str | None = None,
    *,
    cache: "str | os.PathLike[str] | None" = None,
    protocol: str | None = None,
    split: "Split" = "test",
    limit: int | None = None,
    output: "str | os.PathLike[str] | None" = None,
    symmetric: bool = False,
    refine: int = 0,
    samples: int = 0,
    references: int | str | None = None,
    fusion: "Fusion" = "majority",
    settings: Settings = (),
    workers: int = 1,
    overwrite: bool = False,
    device: str = "auto",
    precision: "Precision" = "auto",
) -> Evaluation:
    """Score a run, a model file, a recipe that needs no training, or ``"none"`` under a named protocol.

    The arguments are those of ``contreg evaluate``; finished pairs of an evaluation that was stopped are kept. Raises
    ``ContregError``.
    """
    request = EvaluationRequest(
        os.fspath(model),
        data,
        None if cache is None else Path(cache),
        protocol,
        split,
        limit,
        None if output is None else Path(output),
        device,
        precision,
        as_settings(settings),
        how=Prediction(symmetric=symmetric, refine=refine, samples=samples),
        references=None if references is None else str(references),
        fusion=fusion,
        overwrite=overwrite,
    )
    summary, folder = evaluate_request(request, load_catalogue(), Fleet(workers))
    return Evaluation(folder, summary)


@speaks_python
def compare(
    evaluations: "Sequence[str | os.PathLike[str]]",
    *,
    baseline: str | None = None,
    common: bool = False,
    across_caches: bool = False,
) -> list[Row]:
    """One row an evaluation (its folder, its run's, or what ``evaluate`` gave), with the paired difference to
    ``baseline`` (default: the first).

    ``common`` compares on the pairs that all have. Raises ``MismatchError`` where protocol, cohort, split or cache
    differ.
    """
    models = checks.named([read_scored(Path(one)) for one in evaluations])
    checks.check_comparable(models, across_caches=across_caches)
    models = checks.on_common_pairs(models, common=common)
    return differences(models, checks.find_baseline(models, baseline))
