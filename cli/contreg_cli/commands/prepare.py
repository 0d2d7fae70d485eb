"""``contreg prepare``: a cohort on disk becomes a cache."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg.caches import cache_root
from contreg.fleet import Fleet, Worked, refuse_failures
from contreg_cli import completing, options
from contreg_cli.cohort_options import cohort_reading
from contreg_cli.fleet_options import fleet_options
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.cohort import Repairs
    from contreg_core.prepare import ScanReport


@click.command()
@click.option(
    "--data",
    required=True,
    metavar="COHORT",
    shell_complete=completing.cohorts,
    help="Cohort by name; see contreg data list.",
)
@click.option(
    "--source", type=options.ANY_PATH, metavar="PATH", help="The study: its folder, or a manifest's file."
)
@options.cache
@options.model
@click.option("--spacing", type=float, metavar="MM", help="Voxel size; 0 keeps the scans' own grid.")
@click.option(
    "--verify",
    is_flag=True,
    help="Read cached scans and their source files again, and make anew what has changed.",
)
@cohort_reading
@options.settings
@fleet_options
def command(
    data: str,
    source: Path | None,
    cache: Path | None,
    model: str,
    spacing: float | None,
    verify: bool,
    repairs: "Repairs",
    settings: tuple[str, ...],
    fleet: Fleet,
) -> None:
    """Read, check and cache a cohort, once.

    The recipe says how scans are preprocessed. Scans already cached are left alone, so that an interrupted run goes
    on; a scan that fails does not stop the others. Knobs of the cohort are set with -s cohort.KNOB=VALUE.
    """
    from contreg.preparing import planned, prepare_scans, say_notes

    coarser = [] if spacing is None else [f"preprocessing.spacing={spacing}"]
    plan, scans = planned(
        data,
        source and fleet.place(source),
        fleet.place(cache_root(cache)),
        model,
        [*settings, *coarser],
        repairs,
    )
    plan = replace(plan, verify=verify, strict=repairs.choice.strict)
    worked = prepare_scans(plan, scans, fleet.in_array())
    say_notes(worked.reports)
    _finish(plan.folder, worked)


def _finish(folder: Path, worked: "Worked[ScanReport]") -> None:
    prepared = sum(report.outcome == "prepared" for report in worked.reports)
    failures = worked.failures
    echo(f"{prepared} prepared, {worked.count - prepared - len(failures)} cached, {len(failures)} failed")
    echo(f"cache: {folder}")
    for name, error in failures.items():
        echo(f"failed: {name}: {error}", err=True)
    refuse_failures(worked, "scans", folder)
