"""The rows of a manifest as scans, every problem found before any is reported."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contreg_adapters.splits import last_fifth
from contreg_core.cohort import SPLITS, Scan, Split
from contreg_core.errors import DataError
from contreg_core.tables import can_name_a_file, problems_error, read_rows

FILES = ("image", "label", "mask")
KNOWN = ("id", *FILES, "split", "group", "label_table")


@dataclass(frozen=True)
class Rows:
    """The scans of a manifest and the label table it names in its column ``label_table``, if any."""

    scans: tuple[Scan, ...]
    table: Path | None


def read_manifest(path: Path) -> Rows:
    """All rows of ``path``; paths in it are relative to its folder. Raises one ``DataError`` with every problem."""
    lines = read_rows(path, required=("id", "image"))
    if not lines:
        raise DataError(f"{path}: no row below the first line", "list a scan a line")
    problems = [f"line {line}: {problem}" for line, row in lines for problem in _row_problems(path, row)]
    rows = [row for _, row in lines]
    problems += [*_doubled(rows), *_straddling(rows), *_half_split(rows), *_tables(rows)]
    if problems:
        raise problems_error(path, problems)
    splits = _splits(rows)
    scans = tuple(_scan(path, row, splits[_group(row)]) for row in rows)
    return Rows(scans, _beside(path, rows[0].get("label_table", "")))


def _row_problems(path: Path, row: Mapping[str, str]) -> list[str]:
    found = []
    if beyond := row.get("", ""):
        found.append(f"cells beyond the last column: {beyond}")
    name = row.get("id", "")
    if not can_name_a_file(name):
        found.append(f"id {name!r} cannot name a file")
    if not row.get("image"):
        found.append("no image")
    if (split := row.get("split", "")) and split not in SPLITS:
        found.append(f"split {split!r}, expected {', '.join(SPLITS)}")
    for column in FILES:
        place = _beside(path, row.get(column, ""))
        if place is not None and not place.is_file():
            found.append(f"{column} {place} is not there")
    return found


def _doubled(rows: Sequence[Mapping[str, str]]) -> list[str]:
    counts = Counter(row.get("id", "") for row in rows)
    return [f"id {name!r} is there {n} times" for name, n in counts.items() if n > 1]


def _straddling(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Scans of one person in two splits would leak the test set into training."""
    splits: dict[str, set[str]] = {}
    for row in rows:
        if row.get("group") and row.get("split"):
            splits.setdefault(row["group"], set()).add(row["split"])
    return [f"group {g!r} is in splits {', '.join(sorted(s))}" for g, s in splits.items() if len(s) > 1]


def _half_split(rows: Sequence[Mapping[str, str]]) -> list[str]:
    without = [row.get("id", "") for row in rows if not row.get("split")]
    return (
        [f"no split for {', '.join(without)}, though others have one"] if 0 < len(without) < len(rows) else []
    )


def _tables(rows: Sequence[Mapping[str, str]]) -> list[str]:
    named = sorted({row.get("label_table", "") for row in rows} - {""})
    return [f"label_table names {', '.join(named)}, expected one"] if len(named) > 1 else []


def _splits(rows: Sequence[Mapping[str, str]]) -> dict[str, Split]:
    """Group -> split: the file's, or the last fifth of the groups, two at the least, for testing."""
    groups = list(dict.fromkeys(_group(row) for row in rows))
    if rows[0].get("split"):
        return {_group(row): split for row in rows for split in SPLITS if split == row["split"]}
    return last_fifth(groups)


def _group(row: Mapping[str, str]) -> str:
    return row.get("group") or row["id"]


def _scan(path: Path, row: Mapping[str, str], split: Split) -> Scan:
    image, label, mask = (_beside(path, row.get(column, "")) for column in FILES)
    other = {name: value for name, value in row.items() if name not in KNOWN and value}
    return Scan(row["id"], _group(row), split, image, label, mask, metadata=other)


def _beside(path: Path, name: str) -> Path | None:
    return path.parent / name if name else None
