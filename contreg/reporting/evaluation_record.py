"""An evaluation as ``contreg evaluate`` left it: ``summary.json`` and one row per pair in ``pairs.csv``."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contreg_core.errors import DataError
from contreg_core.plain_json import parse_json

Row = Mapping[str, str]


@dataclass(frozen=True)
class ReportedEvaluation:
    """``name`` is the folder's: protocol and split. Dice in [0, 1]; what was not measured is NaN."""

    name: str
    summary: Mapping[str, Any]
    rows: tuple[Row, ...]

    @property
    def headline(self) -> str:
        """``fused`` or ``labelmean``: which Dice the protocol leads with."""
        return str(self.summary.get("headline", "fused"))

    @property
    def split(self) -> str:
        """The split that was scored; where the summary does not say, the last word of the name."""
        return str(self.summary.get("split") or self.name.rpartition("-")[2])

    @property
    def before(self) -> Any:
        """Headline Dice before registration."""
        return _table(self.summary.get("initial")).get(f"dice_{self.headline}")

    @property
    def after(self) -> Any:
        """Headline Dice after registration."""
        return self.summary.get("dice")

    @property
    def interval(self) -> Any:
        """Its 95 % bootstrap interval, ``[low, high]``."""
        return self.summary.get(f"dice_{self.headline}_interval")

    def table(self, key: str) -> Mapping[str, Any]:
        """A table of the summary (``regions``, ``labels``); empty where it has none."""
        return _table(self.summary.get(key))

    def pair_dice(self, row: Row, stage: str) -> float:
        """Mean headline Dice over regions of one pair; ``stage`` is ``dice`` (after) or ``initial``."""
        return _mean(
            _cell(text) for name, text in row.items() if name.startswith(f"{stage}_{self.headline}:")
        )

    def label_mean(self, label: str, stage: str) -> float:
        """Mean Dice over pairs of one label."""
        return _mean(_cell(row.get(f"{stage}_label:{label}", "")) for row in self.rows)

    def distinct_rows(self) -> list[Row]:
        """The pairs of two people; all pairs where there are no others."""
        return [row for row in self.rows if _people(row)[0] != _people(row)[1]] or list(self.rows)

    def median_pair(self) -> tuple[str, str] | None:
        """(moving, fixed) of the pair in the middle by Dice after registration."""
        scored = [(self.pair_dice(row, "dice"), row) for row in self.distinct_rows()]
        ranked = sorted((dice, row["moving"], row["fixed"]) for dice, row in scored if not math.isnan(dice))
        return ranked[(len(ranked) - 1) // 2][1:] if ranked else None


def read_evaluations(run: Path) -> list[ReportedEvaluation]:
    """Every evaluation in the run folder, test splits first; raises ``DataError`` naming a file that is damaged."""
    folders = sorted(path.parent for path in run.glob("evaluation/*/summary.json"))
    found = [_read(folder) for folder in folders]
    return sorted(found, key=lambda evaluation: (evaluation.split != "test", evaluation.name))


def _read(folder: Path) -> ReportedEvaluation:
    try:
        summary = parse_json((folder / "summary.json").read_text(encoding="utf-8"))
        return ReportedEvaluation(folder.name, _table(summary), _rows(folder / "pairs.csv"))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"evaluation {folder.name}: unreadable ({error})", "run contreg evaluate again"
        ) from error


def _rows(path: Path) -> tuple[Row, ...]:
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8") as file:
        rows = tuple(csv.DictReader(file))
    if rows and not {"moving", "fixed"} <= rows[0].keys():
        raise DataError(f"{path.name}: no columns 'moving' and 'fixed'", "run contreg evaluate again")
    return rows


def _people(row: Row) -> tuple[str, str]:
    return row.get("moving_subject") or row["moving"], row.get("fixed_subject") or row["fixed"]


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _cell(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _mean(values: Any) -> float:
    present = [value for value in values if not math.isnan(value)]
    return math.fsum(present) / len(present) if present else math.nan
