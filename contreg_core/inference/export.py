"""A run's model as one file to hand on: weights, recipe, preprocessing, labels, figures, provenance. No pickle.

It is a checkpoint without the optimiser, so that whatever reads a checkpoint reads it. What it adds stands in the
record under ``export``; the SHA-256 in the record covers that too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from torch import Tensor

from contreg_core.checkpoint import read_checkpoint, write_checkpoint
from contreg_core.errors import DataError, MissingError, OutputError, UsageError
from contreg_core.files import remove_leftovers
from contreg_core.plain_json import parse_json
from contreg_core.provenance import now
from contreg_core.quantised import quantised
from contreg_core.training.run_folder import RunFolder

SUFFIX = ".safetensors"


Bits: TypeAlias = Literal[8, 16, 32]


def export_run(
    run: RunFolder, file: Path, *, licence: str = "", notes: str = "", bits: Bits = 32
) -> Mapping[str, Any]:
    """Write the model that ``run`` would be used with to ``file``, atomically; returns the record written.

    ``bits`` a weight: 16 is float16, 8 steps of a row's largest value; evaluations were made with 32.
    Evaluations come along where they were made with exactly these weights. Raises ``UsageError`` for a file of another
    suffix, ``OutputError`` where ``file`` exists, ``MissingError`` where the run has no checkpoint.
    """
    _check_target(file)
    remove_leftovers(file.parent)
    source = _source(run)
    checkpoint = read_checkpoint(source)
    weights = {f"model/{name}": value for name, value in checkpoint.weights.items()}
    sha256 = checkpoint.record["sha256"]
    export = {
        "written": now(),
        "checkpoint_sha256": sha256,
        "licence": licence,
        "notes": notes,
        "provenance": _json(run.provenance),
        "evaluations": {
            name: summary
            for name, summary in evaluations(run).items()
            if summary.get("checkpoint_sha256") == sha256
        },
    }
    kept = {key: value for key, value in checkpoint.record.items() if key != "recent"}
    write_checkpoint(file, _in_bits(weights, bits), {**kept, "export": export})
    return read_checkpoint(file).record


def _in_bits(weights: Mapping[str, Tensor], bits: Bits) -> dict[str, Tensor]:
    if bits == 8:
        return quantised(weights)
    short = bits == 16
    return {
        name: value.half() if short and value.is_floating_point() else value
        for name, value in weights.items()
    }


def evaluations(run: RunFolder) -> dict[str, Mapping[str, Any]]:
    """The ``summary.json`` of every evaluation in the run, by the folder's name."""
    found = sorted(run.path.glob("evaluation/*/summary.json"))
    return {path.parent.name: _json(path) for path in found}


def _check_target(file: Path) -> None:
    if file.suffix != SUFFIX:
        raise UsageError(f"{file}: expected a name that ends in {SUFFIX}", f"write {file.stem}{SUFFIX}")
    if file.exists():
        raise OutputError(f"{file}: there is such a file already", "remove it, or choose another name")


def _source(run: RunFolder) -> Path:
    if not run.path.is_dir():
        raise MissingError(f"{run.path}: no such run folder", "give the folder that contreg fit wrote")
    return run.model_checkpoint()


def _json(path: Path) -> Mapping[str, Any]:
    try:
        value = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "restore the file, or make it again") from error
    if not isinstance(value, dict):
        raise DataError(f"{path}: holds no table", "restore the file, or make it again")
    return value
