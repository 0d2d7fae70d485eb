"""A table as rows, and as CSV and JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contreg.benchmark.content import Content
from contreg.comparing.output import bounds, csv_text, figure, p_text, signed
from contreg_core.files import write_json, write_text

COLUMNS = (
    *("row", "paper", "ours", "95 %", "difference", "95 %", "p (Holm)", "label-mean", "labels", "HD95 mm"),
    *("folding %", "SDlogJ", "s a pair", "MiB", "pairs", "minutes", "steps", "ECE"),
)
"""The last only where a row drew samples."""


def write_table(folder: Path, table: Content) -> None:
    """``table.json`` and ``table.csv``."""
    write_json(folder / "table.json", table)
    write_text(folder / "table.csv", csv_text([_plain(row) for row in table["rows"]]))


def cells(row: Mapping[str, Any]) -> list[str]:
    """One line of the table; dashes where a row could not be run."""
    difference, training = row.get("difference") or {}, row["training"] or {}
    pairs = f"{row['pairs']} of {row['of_pairs']}" if "pairs" in row else "-"
    return [
        row["name"],
        figure(row["paper"]["mean"]),
        figure(row.get("dice")),
        bounds(row.get("dice_interval")),
        signed(difference.get("dice")),
        bounds(difference.get("interval"), sign=True),
        p_text(difference.get("p_holm")),
        figure(row.get("dice_labelmean")),
        figure(row.get("dice_labels")),
        figure(row.get("hd95_mm"), 2),
        figure(row.get("folding_percent"), 4),
        figure(row.get("sdlogj")),
        figure(row.get("seconds"), 2),
        figure(row.get("peak_memory_mib"), 0),
        pairs,
        minutes(training.get("training_seconds")),
        figure(training.get("steps"), 0),
        figure(row.get("ece")),
    ]


def minutes(seconds: float | None) -> str:
    """Minutes to a tenth."""
    return figure(None if seconds is None else seconds / 60, 1)


def _plain(row: Content) -> Content:
    """Without what a cell cannot hold."""
    return {**row, "set": " ".join(row["set"])}
