"""``contreg prepare``: a cohort on disk becomes a cache."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg.caches import cache_root
from contreg.fleet import Fleet, Worked, refuse_failures
from contreg.plugins import load_catalogue
from contreg_cli import completing, options
from contreg_cli.fleet_options import fleet_options

if TYPE_CHECKING:
    from contreg_core.cohort import UnknownLabels
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
@click.option(
    "--strict", is_flag=True, help="Refuse scans that do not look like one adult's brain, instead of a note."
)
@click.option(
    "--unknown-labels",
    type=click.Choice(["refuse", "background"]),
    help="Label ids the study does not have (default: as the cohort says).",
)
@click.option(
    "--resample-labels",
    is_flag=True,
    help="Take label maps of another grid, by nearest neighbour, instead of refusing.",
)
@options.settings
@fleet_options
def command(
    data: str,
    source: Path | None,
    cache: Path | None,
    model: str,
    spacing: float | None,
    verify: bool,
    strict: bool,
    unknown_labels: "UnknownLabels | None",
    resample_labels: bool,
    settings: tuple[str, ...],
    fleet: Fleet,
) -> None:
    """Read, check and cache a cohort, once.

    The recipe says how scans are preprocessed. Scans already cached are left alone, so that an interrupted run goes
    on; a scan that fails does not stop the others. Knobs of the cohort are set with -s cohort.KNOB=VALUE.
    """
    from contreg.cohorts import KNOB, make_cohort
    from contreg.preparing import describe_cohort, prepare_scans, say_notes
    from contreg.recipes import find_recipe
    from contreg_core.cohort import Repairs
    from contreg_core.prepare import Preparation

    catalogue = load_catalogue()
    own = [setting for setting in settings if setting.startswith(KNOB)]
    changes = [setting for setting in settings if not setting.startswith(KNOB)]
    changes += [] if spacing is None else [f"preprocessing.spacing={spacing}"]
    spec = find_recipe(catalogue, model, changes).cached
    cohort = make_cohort(catalogue.cohort(data), source and fleet.place(source), own)
    cohort.repairs = Repairs(unknown_labels, resample_labels)
    scans = cohort.scans()
    click.echo(describe_cohort(cohort, scans))
    plan = Preparation.plan(cohort, spec, fleet.place(cache_root(cache)))
    plan = replace(plan, verify=verify, strict=strict)
    worked = prepare_scans(plan, scans, fleet.in_array())
    say_notes(worked.reports)
    _finish(plan.folder, worked)


def _finish(folder: Path, worked: "Worked[ScanReport]") -> None:
    prepared = sum(report.outcome == "prepared" for report in worked.reports)
    failures = worked.failures
    click.echo(
        f"{prepared} prepared, {worked.count - prepared - len(failures)} cached, {len(failures)} failed"
    )
    click.echo(f"cache: {folder}")
    for name, error in failures.items():
        click.echo(f"failed: {name}: {error}", err=True)
    refuse_failures(worked, "scans", folder)
