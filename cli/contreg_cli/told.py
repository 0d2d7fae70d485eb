"""What a person is told of one item of many."""

from dataclasses import dataclass
from pathlib import Path

import click

from contreg_core.fleet.report import Report


@dataclass(frozen=True)
class Told:
    """``notes`` and ``summary`` for stdout, ``warnings`` for stderr."""

    written: tuple[Path, ...]
    warnings: tuple[str, ...]
    summary: str
    notes: tuple[str, ...] = ()


def say(report: Report[Told]) -> str:
    """Say it; returns the words for the bar."""
    if report.value is not None:
        for note in report.value.notes:
            click.echo(f"{report.id}: {note}")
        for warning in report.value.warnings:
            click.echo(f"warning: {report.id}: {warning}", err=True)
        click.echo(f"{report.id}: {report.value.summary}")
    return report.id
