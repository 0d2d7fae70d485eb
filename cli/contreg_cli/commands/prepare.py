"""``contreg prepare``: a cohort on disk becomes a cache."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg_cli import options
from contreg_cli.shell import load_catalogue

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort
    from contreg_core.prepare import ScanReport


@click.command()
@click.option("--data", required=True, metavar="COHORT", help="Cohort by name; see contreg data list.")
@click.option(
    "--source", type=options.ANY_PATH, metavar="PATH", help="The study: its folder, or a manifest's file."
)
@options.cache
@options.model
@click.option("--spacing", type=float, metavar="MM", help="Voxel size; 0 keeps the scans' own grid.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts, for job arrays.")
@options.settings
def command(
    data: str,
    source: Path | None,
    cache: Path | None,
    model: str,
    spacing: float | None,
    workers: int,
    shard: str | None,
    settings: tuple[str, ...],
) -> None:
    """Read, check and cache a cohort, once.

    The recipe says how scans are preprocessed. Scans already cached are left alone, so that an interrupted run goes
    on; a scan that fails does not stop the others. Knobs of the cohort are set with -s cohort.KNOB=VALUE.
    """
    from contreg_cli.cohorts import KNOB, make_cohort
    from contreg_cli.preparing import Shard, describe_cohort, prepare_scans, say_notes
    from contreg_cli.recipes import find_recipe
    from contreg_core.prepare import Preparation

    part = Shard.parse(shard) if shard else None
    catalogue = load_catalogue()
    own = [setting for setting in settings if setting.startswith(KNOB)]
    changes = [setting for setting in settings if not setting.startswith(KNOB)]
    changes += [] if spacing is None else [f"preprocessing.spacing={spacing}"]
    spec = find_recipe(catalogue, model, changes).preprocessing
    cohort = make_cohort(catalogue.cohort(data), source, own)
    scans = cohort.scans()
    click.echo(describe_cohort(cohort, scans))
    plan = Preparation.plan(cohort, spec, options.cache_root(cache))
    cached, reports = prepare_scans(plan, scans, workers=workers, shard=part)
    say_notes(reports)
    _finish(cached, reports)


def _finish(cohort: "CachedCohort", reports: "list[ScanReport]") -> None:
    from contreg_core.errors import PartialError

    outcomes = [report.outcome for report in reports]
    click.echo(
        f"{outcomes.count('prepared')} prepared, {outcomes.count('cached')} cached, {outcomes.count('failed')} failed"
    )
    click.echo(f"cache: {cohort.folder}")
    failed = [report for report in reports if report.outcome == "failed"]
    for report in failed:
        click.echo(f"failed: {report.id}: {report.error}", err=True)
    if failed:
        names = ", ".join(report.id for report in failed)
        raise PartialError(
            f"{len(failed)} of {len(reports)} scans failed: {names}",
            "mend them and run the same command again",
        )
