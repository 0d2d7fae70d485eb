"""Evaluate a request: score what is not scored, write ``pairs.csv``, ``summary.json`` and ``run.json``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg.evaluating.evaluated_model import EvaluatedModel
from contreg.evaluating.pairs import pairs_of, spread
from contreg.evaluating.ready import ready
from contreg.evaluating.request import EvaluationRequest
from contreg.fleet import HERE, Fleet
from contreg.plugins import plugin_versions

Summary = dict[str, Any]

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue
    from contreg_core.cohort import Protocol
    from contreg_core.evaluation import PairScore


def evaluate_request(
    request: EvaluationRequest, catalogue: "Catalogue", fleet: Fleet = HERE
) -> tuple[Summary, Path]:
    """Register and score every pair; write ``pairs.csv`` and ``summary.json``; returns the summary and the folder.

    One that was stopped goes on where it was. ``request.reuse`` takes the scores of an earlier one of the same model
    under the same protocol, too. Of a shard the summary is empty while others have pairs left.
    """
    from contreg.evaluating.belonging import refuse_other
    from contreg.evaluating.resuming import Scored, fingerprint
    from contreg.evaluating.scoring import score_pairs
    from contreg.models import shown
    from contreg_core.evaluation import summarise, write_csv
    from contreg_core.files import probe, write_json
    from contreg_core.memory import reset_peak
    from contreg_core.provenance import finished, provenance

    reset_peak()
    told = provenance(_device(request), plugin_versions())
    subject = ready(request, catalogue)
    protocol = subject.cohort.protocol(request.protocol)
    folder = request.output or _folder(request, subject, protocol)
    name = shown(subject.name, subject.prediction)
    refuse_other(folder, request, subject, protocol, name)
    probe(folder)
    mark = fingerprint(subject, protocol, request)
    scored = Scored(folder, mark, reuse=request.reuse, shard=fleet.shard)
    every = pairs_of(subject, protocol, request)
    pairs = spread(every, request.limit)
    score_pairs(subject, protocol, request, pairs, scored, fleet)
    if fleet.shard and not all(scored.has(pair) for pair in pairs):
        scored.look_again()
        if not all(scored.has(pair) for pair in pairs):
            return {}, folder
    scores = [scored.of(pair) for pair in pairs]
    summary = {
        "model": name,
        "data": subject.cohort.name,
        "cache": subject.cohort.folder.name,
        "split": request.split,
        "checkpoint_sha256": subject.sha256,
        "fingerprint": mark,
        "of_pairs": len(every),
        **summarise(scores, protocol),
        **({"images": len({score.fixed for score in scores})} if subject.register is None else {}),
    }
    (folder / "summary.json").unlink(missing_ok=True)  # of an earlier one: it must not vouch for these scores
    write_csv(folder / "pairs.csv", scores)
    write_json(folder / "run.json", finished({**told, **_read(request, subject, scores)}))
    write_json(folder / "summary.json", summary)
    scored.close()
    return summary, folder


def _device(request: EvaluationRequest) -> str:
    from contreg_core.engine import Engine

    return "" if request.model == "none" else Engine.choose(request.device, request.precision).describe()


def _read(
    request: EvaluationRequest, subject: EvaluatedModel, scores: "Sequence[PairScore]"
) -> dict[str, Any]:
    """The model, the scored scans and the files that they were made from, by their sums."""
    scans = sorted({scan for score in scores for scan in (score.moving, score.fixed)})
    sources = {scan: subject.cohort.sources(scan) for scan in scans}
    sums = subject.cohort.sums(scans)
    model = str(Path(request.model).absolute()) if subject.sha256 else ""
    return {"model_path": model, "checkpoint_sha256": subject.sha256, "scans": sums, "sources": sources}


def _folder(request: EvaluationRequest, subject: EvaluatedModel, protocol: "Protocol") -> Path:
    """Inside the run; what has no run is scored here."""
    from contreg_core.training.run_folder import RunFolder

    run = Path(request.model)
    if not run.exists() or request.model == "none" or request.model.endswith(".toml"):
        score = f"{protocol.name}-{request.split}"
        return Path("evaluation", subject.name.replace("/", "-"), score.replace("/", "-"))
    made = (*subject.prediction, *request.drawn)
    return RunFolder(_run_folder(run)).evaluation(protocol.name, request.split, made)


def _run_folder(run: Path) -> Path:
    """Of a run folder or of a checkpoint in it; a model file is scored in a folder of its name beside it."""
    if run.is_dir():
        return run
    home = run.absolute().parent
    return home.parent if home.name == "checkpoints" else run.with_suffix("")
