"""Names and colours of labels: the tables people have beside a label map, and the one written beside ours."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from contreg_core.cohort import Label
from contreg_core.errors import DataError
from contreg_core.files import write_text
from contreg_core.inference.names import stem
from contreg_core.volume.stream import read_text

_IDS = ("index", "id", "label")
_COLOURS = ("color", "colour")
_NOTHING = (None, "", "n/a")
"""A colour nobody gave; the last is how BIDS writes it, and we."""
_FREESURFER = re.compile(r"(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+")
_ITK_SNAP = re.compile(r'(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\S+\s+\d+\s+\d+\s+"(.*)"')


@dataclass(frozen=True)
class TableRow:
    """A label and its colour, ``#rrggbb`` or nothing."""

    label: Label
    colour: str = ""


def read_label_table(path: Path) -> tuple[TableRow, ...]:
    """A TSV or CSV (``index`` or ``id``, ``name``, perhaps ``side`` and ``color``), a FreeSurfer lookup table or
    ITK-SNAP's label file; background (0) is left out.

    Raises ``DataError`` naming the line that is none of them.
    """
    text = read_text(path)
    tabular = path.suffix.lower() in (".tsv", ".csv")
    rows = tuple(row for row in (_columns(path, text) if tabular else _lines(path, text)) if row.label.id)
    twice = {row.label.id for row in rows if sum(other.label.id == row.label.id for other in rows) > 1}
    if not rows or twice:
        found = f"ids named twice: {sorted(twice)[:8]}" if twice else "no label"
        raise DataError(f"{path}: {found}, expected every label once", "correct the table")
    return rows


def table_beside(labels: Path) -> Path | None:
    """The table called as the label map is, if there is one: ``.tsv``, ``.csv``, ``.ctab`` or ``.lut``."""
    tables = (labels.with_name(stem(labels) + suffix) for suffix in (".tsv", ".csv", ".ctab", ".lut"))
    return next((path for path in tables if path.is_file()), None)


def write_label_table(path: Path, rows: Iterable[TableRow]) -> None:
    """As BIDS has it: a TSV of ``index``, ``name`` and, where any is known, ``color``."""
    rows = list(rows)
    coloured = any(row.colour for row in rows)
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(["index", "name", *(["color"] if coloured else [])])
    for row in rows:
        name = f"{row.label.name} {row.label.side}".rstrip()
        writer.writerow([row.label.id, name, *([row.colour or "n/a"] if coloured else [])])
    write_text(path, out.getvalue())


def _columns(path: Path, text: str) -> Iterable[TableRow]:
    reader = csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    key = next((name for name in _IDS if name in names), None)
    if key is None or "name" not in names:
        raise DataError(f"{path}: columns {', '.join(names)}, expected index and name", "name its columns so")
    for line, row in enumerate(reader, start=2):
        label = Label(_number(path, line, row[key]), row["name"] or "", (row.get("side") or "").upper())
        yield TableRow(label, next((row[name] for name in _COLOURS if row.get(name) not in _NOTHING), ""))


def _lines(path: Path, text: str) -> Iterable[TableRow]:
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        if found := _FREESURFER.fullmatch(content):
            yield TableRow(Label(int(found[1]), found[2]), _hex(found.group(3, 4, 5)))
        elif found := _ITK_SNAP.fullmatch(content):
            yield TableRow(Label(int(found[1]), found[5]), _hex(found.group(2, 3, 4)))
        else:
            raise DataError(
                f"{path}: line {number}: {content[:40]!r} names no label",
                "give a TSV with the columns index and name, or a FreeSurfer or ITK-SNAP table",
            )


def _number(path: Path, line: int, text: str | None) -> int:
    if text is None or not text.strip().isdecimal():
        raise DataError(f"{path}: line {line}: {text!r} is no label id", "correct that line")
    return int(text)


def _hex(parts: Sequence[str]) -> str:
    return "#" + "".join(f"{min(int(part), 255):02x}" for part in parts)
