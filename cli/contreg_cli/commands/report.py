"""``contreg report``: one HTML file about a run."""

from pathlib import Path

import click

from contreg_cli import options
from contreg_cli.shell import load_catalogue


@click.command()
@click.argument("run", type=options.ANY_PATH)
@click.option("-o", "--output", type=options.FILE, metavar="FILE", help="Default: RUN/report.html.")
@click.option(
    "--pair", nargs=2, metavar="MOVING FIXED", help="Scans to show (default: the pair of median Dice)."
)
@options.cache
@options.device
def command(
    run: Path, output: Path | None, pair: tuple[str, str] | None, cache: Path | None, device: str
) -> None:
    """Write one HTML file about a run.

    Pictures, scores, curves, provenance and cost are inside; it needs no server and no network. Pictures of a pair
    need the cache the run was trained on.
    """
    from contreg_cli.report import write_report

    path = write_report(
        run, output, load_catalogue(), cache=options.cache_root(cache), device=device, pair=pair
    )
    click.echo(str(path))
