"""What a command does not write over unless it is told to: its own inputs, and what another command has left.

Every command that writes asks here before any work. What it made itself of the same inputs it may make again.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from contreg_core.errors import DataError, OutputError
from contreg_core.fleet.keys import parts_of
from contreg_core.sums import NAME as SUMS
from contreg_core.sums import listed

_EVALUATION = ("summary.json", "pairs.csv", "run.json")


def refuse_overwriting(
    outputs: Iterable[Path], inputs: Iterable[Path | None], *, overwrite: bool | None = None
) -> None:
    """As ``refuse_inputs``, of outputs that a person named: nor may they belong to a whole that contreg wrote.

    That is a file that the ``SHA256SUMS`` of its folder lists, or one of an evaluation or of a prepared cohort.
    """
    if overwrite:
        return
    named = list(outputs)
    refuse_inputs(named, inputs, overwrite=overwrite)
    for path in named:
        if path.exists() and (owner := _whole_of(path)):
            raise refused(path, f"belongs to {owner}", optional=overwrite is not None)


def refuse_inputs(
    outputs: Iterable[Path], inputs: Iterable[Path | None], *, overwrite: bool | None = None
) -> None:
    """Raise ``OutputError`` where an output is there and is one of the inputs, unless ``overwrite`` allows it.

    ``overwrite`` is None of a command that has no such option. Files are told by what they are, not by their names:
    links are followed, and two names of one file are one file. Of one of a pair (``.hdr`` and ``.img``) the other
    counts too.
    """
    there = {} if overwrite else {key: path for path in outputs if (key := _identity(path))}
    if not there:
        return
    for path in (file for given in inputs if given is not None for file in parts_of(given)):
        output = there.get(_identity(path) or (-1, -1))
        if output is not None:
            what = "an input" if output == path else f"{path}, an input"
            raise refused(output, f"is {what} of this very command", optional=overwrite is not None)


def refused(path: Path, what: str, *, optional: bool = True) -> OutputError:
    """The failure of a command that would write over ``path``; ``optional`` where it has ``--overwrite``."""
    return OutputError(
        f"{path}: {what}, and would be written over",
        f"choose another place for the output{', or add --overwrite' * optional}",
        code="OUT-68",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        known = os.stat(path)
    except OSError:
        return None
    return known.st_dev, known.st_ino


def _whole_of(path: Path) -> str:
    """In words, what a file is part of; empty where nothing says so."""
    folder = path.parent
    if path.name == SUMS:
        return "the outputs that it lists"
    try:
        if path.name in listed(folder):
            return f"the outputs that {SUMS} beside it lists"
    except (DataError, OSError, ValueError):  # of another program
        pass
    if path.name in _EVALUATION and all((folder / name).is_file() for name in _EVALUATION[:2]):
        return "an evaluation"
    cohort = folder.parent if folder.name == "subjects" else folder
    ours = path.name in ("cohort.json", "work.jsonl") or path.suffix == ".h5"
    return "a prepared cohort" if ours and (cohort / "cohort.json").is_file() else ""
