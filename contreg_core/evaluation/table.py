"""The scores of all pairs as a CSV table, one row per pair; both ways."""

import csv
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from contreg_core.errors import DataError
from contreg_core.evaluation.sampled import Sampled
from contreg_core.evaluation.score import PairScore
from contreg_core.files import atomic_path

_NAMES = ("moving", "fixed", "moving_subject", "fixed_subject")
_MAPS = tuple(item.name for item in fields(PairScore) if item.name.startswith(("dice_", "initial_")))
_NUMBERS = tuple(item.name for item in fields(PairScore) if item.name not in (*_NAMES, *_MAPS, "sampled"))


def write_csv(path: Path, scores: Sequence[PairScore]) -> None:
    """Write one row per pair, atomically: names, numbers, then ``dice_fused:<region>`` and so on for every
    map, and what samples add where they were drawn.

    Numbers have full precision; NaN is an empty cell. Raises what ``atomic_path`` raises.
    """
    rows = [_row(score) for score in scores]
    columns = list(dict.fromkeys([*_NAMES, *_NUMBERS, *(column for row in rows for column in row)]))
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: Path) -> list[PairScore]:
    """The scores that ``write_csv`` wrote, to the last bit; raises ``DataError`` for any other file."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            _check(reader.fieldnames or ())
            return [_score(row) for row in reader]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(f"{path}: not a table of pairs ({error})", "run contreg evaluate again") from error


def _check(columns: Sequence[str]) -> None:
    missing = [name for name in (*_NAMES, *_NUMBERS) if name not in columns]
    if missing:
        raise ValueError(f"no column {missing[0]}")


def _score(row: dict[str, str]) -> PairScore:
    maps: dict[str, dict[Any, float]] = {name: {} for name in _MAPS}
    for column, cell in row.items():
        name, colon, key = column.partition(":")
        if colon and name in maps:
            maps[name][int(key) if name.endswith("_label") else key] = _value(cell)
    missing = {"surface_missing": int(row["surface_missing"])}
    numbers = {name: _value(row[name]) for name in _NUMBERS if name not in missing}
    values: dict[str, Any] = {**{name: row[name] for name in _NAMES}, **numbers, **missing, **maps}
    return PairScore(**values, sampled=Sampled.of_cells(row))


def _value(cell: str) -> float:
    return float(cell) if cell else math.nan


def _row(score: PairScore) -> dict[str, str]:
    names = {name: str(getattr(score, name)) for name in _NAMES}
    numbers = {name: _cell(getattr(score, name)) for name in _NUMBERS}
    maps = {f"{name}:{key}": _cell(value) for name in _MAPS for key, value in getattr(score, name).items()}
    sampled = score.sampled.cells() if score.sampled else {}
    return {**names, **numbers, **{name: _cell(value) for name, value in sampled.items()}, **maps}


def _cell(value: float) -> str:
    return "" if math.isnan(value) else repr(value)
