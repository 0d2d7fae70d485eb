"""The scores of all pairs as a CSV table, one row a pair."""

import csv
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from contreg_core.evaluation.score import PairScore
from contreg_core.files import atomic_path

_NAMES = ("moving", "fixed", "moving_subject", "fixed_subject")
_MAPS = tuple(item.name for item in fields(PairScore) if item.name.startswith(("dice_", "initial_")))
_NUMBERS = tuple(item.name for item in fields(PairScore) if item.name not in (*_NAMES, *_MAPS))


def write_csv(path: Path, scores: Sequence[PairScore]) -> None:
    """Write one row per pair, atomically: names, numbers, then ``dice_fused:<region>`` and so on for every
    map.

    Numbers have full precision; NaN is an empty cell. Raises what ``atomic_path`` raises.
    """
    rows = [_row(score) for score in scores]
    columns = list(dict.fromkeys([*_NAMES, *_NUMBERS, *(column for row in rows for column in row)]))
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(score: PairScore) -> dict[str, str]:
    names = {name: str(getattr(score, name)) for name in _NAMES}
    numbers = {name: _cell(getattr(score, name)) for name in _NUMBERS}
    maps = {f"{name}:{key}": _cell(value) for name in _MAPS for key, value in getattr(score, name).items()}
    return {**names, **numbers, **maps}


def _cell(value: float) -> str:
    return "" if math.isnan(value) else repr(value)
