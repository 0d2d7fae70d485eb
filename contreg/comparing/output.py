"""A comparison as rows of a table and in files."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contreg.comparing.differences import Row
from contreg.comparing.scored import ScoredModel
from contreg_core.errors import UsageError

SCHEMA = 1
FOOT = (
    "Intervals at 95 %: subjects drawn with replacement. p: Wilcoxon signed-rank over pairs, Holm's correction over "
    "rows; pairs that share a subject are not independent, so it is too small: where the interval of the difference "
    "holds 0, nothing is shown."
)
COLUMNS = (
    *(
        "model",
        "pairs",
        "fused",
        "label-mean",
        "labels",
        "95 %",
        "HD95 mm",
        "folding %",
        "SDlogJ",
        "s a pair",
    ),
    *("MiB", "difference", "95 %", "p (Holm)"),
)


def document(models: Sequence[ScoredModel], rows: Sequence[Row], baseline: str) -> Row:
    """What ``--json`` prints."""
    shared = {key: models[0].summary[key] for key in ("protocol", "data", "split", "headline")}
    caches = list(dict.fromkeys(str(model.summary["cache"]) for model in models))
    return {"schema": SCHEMA, **shared, "caches": caches, "baseline": baseline, "rows": list(rows)}


def write(path: Path, content: Mapping[str, Any]) -> None:
    """A CSV or JSON file, by the ending of its name; raises ``UsageError`` for any other."""
    from contreg_core.files import write_json, write_text

    if path.suffix not in (".csv", ".json"):
        raise UsageError(f"{path}: the name ends neither in .csv nor in .json", "end it in one of them")
    if path.suffix == ".json":
        write_json(path, content)
    else:
        write_text(path, csv_text(content["rows"]))


def csv_text(rows: Sequence[Row]) -> str:
    """Rows as CSV: nested tables as ``difference_dice``, intervals as ``..._low`` and ``..._high``."""
    flat = [dict(_flat(row)) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return stream.getvalue()


def _flat(row: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    cells: list[tuple[str, Any]] = []
    for key, value in row.items():
        if isinstance(value, dict):
            cells += _flat(value, f"{prefix}{key}_")
        elif isinstance(value, list):
            cells += zip((f"{prefix}{key}_low", f"{prefix}{key}_high"), value, strict=True)
        else:
            cells.append((prefix + key, "" if value is None else value))
    return cells


def cells(row: Row) -> list[str]:
    """One line of the table."""
    difference = row["difference"] or {}
    return [
        row["name"],
        str(row["pairs"]),
        *(figure(row[key]) for key in ("dice_fused", "dice_labelmean", "dice_labels")),
        bounds(row["dice_labels_interval"]),
        figure(row["hd95_mm"], 2),
        figure(row["folding_percent"], 4),
        figure(row["sdlogj"]),
        figure(row["seconds"], 2),
        figure(row["peak_memory_mib"], 0),
        signed(difference.get("dice")),
        bounds(difference.get("interval"), sign=True),
        p_text(difference.get("p_holm")),
    ]


def figure(value: float | None, digits: int = 3) -> str:
    """A dash for what was not measured."""
    return "-" if value is None else f"{value:.{digits}f}"


def signed(value: float | None) -> str:
    """``+0.012``."""
    return "-" if value is None else f"{value:+.3f}"


def bounds(interval: Sequence[float | None] | None, *, sign: bool = False) -> str:
    """``0.701 to 0.742``."""
    if not interval or None in interval:
        return "-"
    return " to ".join(signed(bound) if sign else figure(bound) for bound in interval)


def p_text(value: float | None) -> str:
    """``0.013``, ``<0.001``."""
    return "-" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
