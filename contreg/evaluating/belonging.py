"""Whether what is in a folder already is an earlier state of the evaluation that is about to be made there."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_core.overwriting import refuse_inputs, refused
from contreg_core.plain_json import parse_json
from contreg_core.training.run_folder import RunFolder, model_files

if TYPE_CHECKING:
    from contreg.evaluating.evaluated_model import EvaluatedModel
    from contreg.evaluating.request import EvaluationRequest
    from contreg_core.cohort import Protocol

_FILES = ("summary.json", "pairs.csv", "run.json", "work.jsonl", "failures.jsonl")


def refuse_other(
    folder: Path, request: "EvaluationRequest", subject: "EvaluatedModel", protocol: "Protocol", name: str
) -> None:
    """Raise ``OutputError`` where an evaluation of another model, cohort, split or protocol is in the folder, or a run.

    One of the same model, which was trained on meanwhile, or of the same cohort, which was prepared anew, may be made
    again. ``name`` is the model's in the summary.
    """
    if request.overwrite:
        return
    outputs = [folder / name for name in _FILES]
    refuse_inputs(outputs, [*model_files(Path(request.model)), *subject.cohort.files], overwrite=False)
    if RunFolder(folder).recipe.is_file():
        raise refused(folder, "holds a run")
    summary, told = (_read(folder / name) for name in ("summary.json", "run.json"))
    own = {"model": name, "data": subject.cohort.name, "split": request.split, "protocol": protocol.name}
    apart = [f"{key} {summary.get(key)}" for key, value in own.items() if summary.get(key, value) != value]
    place = str(Path(request.model).absolute())
    if subject.sha256 not in (None, told.get("checkpoint_sha256")) and told.get("model_path", place) != place:
        apart.append(f"model {told['model_path']}")
    if apart:
        raise refused(folder / "summary.json", f"is of another evaluation ({', '.join(apart)})")


def _read(path: Path) -> Mapping[str, Any]:
    """Nothing of what is not there or cannot be read: it vouches for no scores."""
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, Mapping) else {}
