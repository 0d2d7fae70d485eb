"""What a person is told of one item of many."""

from dataclasses import dataclass
from pathlib import Path

from contreg.front import front
from contreg_core.fleet.report import ItemReport


@dataclass(frozen=True)
class ItemResult:
    """``notes`` and ``summary`` are said, ``warnings`` are warned of."""

    written: tuple[Path, ...]
    warnings: tuple[str, ...]
    summary: str
    notes: tuple[str, ...] = ()


def say(report: ItemReport[ItemResult]) -> str:
    """Say it; returns the words for the bar."""
    if report.value is not None:
        for note in report.value.notes:
            front().say(f"{report.id}: {note}")
        for warning in report.value.warnings:
            front().warn(f"{report.id}: {warning}")
        front().say(f"{report.id}: {report.value.summary}")
    return report.id
