"""``failures.jsonl``: what could not be done, one JSON object a line, beside the outputs of what could.

A shard writes a file of its own, ``failures.I-of-N.jsonl``, so that tasks of an array do not write over each other.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contreg_core.errors import ContregError
from contreg_core.files import write_text
from contreg_core.fleet.shard import Shard
from contreg_core.plain_json import parse_json

NAME = "failures.jsonl"
_OURS = re.compile(r"failures(\.\d+-of-\d+)?\.jsonl")


def write_failures(
    folder: Path,
    tried: Mapping[str, ContregError | None],
    *,
    keys: Mapping[str, str] | None = None,
    shard: Shard | None = None,
) -> None:
    """Say how each subject that was tried just now ended (None: well); what was said of others before stays.

    ``keys`` are those of the subjects' outputs: a failure of the same sources and settings would be the same again.
    There is no file where nothing is left to say.
    """
    own = folder / (NAME if shard is None else f"failures.{shard.part}-of-{shard.parts}.jsonl")
    for path in {own, *(_files(folder) if shard is None else ())}:
        kept = [line for line in _read(path) if line.get("subject") not in tried]
        failed = [(subject, error) for subject, error in tried.items() if error is not None and path == own]
        records = [_record(subject, error, (keys or {}).get(subject, "")) for subject, error in failed]
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in (*kept, *records)]
        if lines:
            write_text(path, "".join(lines))
        else:
            path.unlink(missing_ok=True)


def read_failures(folder: Path) -> list[dict[str, Any]]:
    """Every line of every such file; none of one that cannot be read, since it is made anew."""
    return [record for path in _files(folder) for record in _read(path)]


@contextmanager
def noted(folder: Path, subject: str) -> Iterator[None]:
    """Note in ``folder`` how the work on one subject ends."""
    try:
        yield
    except ContregError as error:
        if not error.code.startswith("OUT-"):  # nothing more can be written where writing failed
            write_failures(folder, {subject: error})
        raise
    write_failures(folder, {subject: None})


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("failures*.jsonl") if _OURS.fullmatch(path.name))


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        return [record for line in text.splitlines() if isinstance(record := parse_json(line), dict)]
    except (OSError, ValueError):
        return []


def _record(subject: str, error: ContregError, key: str) -> dict[str, Any]:
    known = {
        "subject": subject,
        "code": f"CR-{error.code}" if error.code else "",
        "exit_code": error.exit_code,
        "message": error.message,
        "hint": error.hint,
    }
    return {**known, "key": key} if key else known
