"""``contreg report``: one HTML file about a run."""

from pathlib import Path

import click

from contreg.caches import cache_root
from contreg.plugins import load_catalogue
from contreg_cli import options
from contreg_cli.saying import echo


@click.command()
@options.run_folder
@click.option("-o", "--output", type=options.FILE, metavar="FILE", help="Default: RUN/report.html.")
@click.option(
    "--pair", nargs=2, metavar="MOVING FIXED", help="Scans to show (default: the pair of median Dice)."
)
@click.option(
    "--figure", "picture", type=options.FILE, metavar="FILE", help="Also a PNG of the pair, for a paper."
)
@options.overwrite
@options.cache
@options.device
def command(
    run: Path,
    output: Path | None,
    pair: tuple[str, str] | None,
    picture: Path | None,
    overwrite: bool,
    cache: Path | None,
    device: str,
) -> None:
    """Write one HTML file about a run.

    Pictures, scores, curves, provenance and cost are inside; it needs no server and no network. Pictures of a pair
    need the cache the run was trained on.
    """
    from contreg.reporting import figure, refuse_outputs, write_report

    outputs = [path for path in (output, picture) if path is not None]
    refuse_outputs(run, outputs, overwrite=overwrite)

    catalogue, root = load_catalogue(), cache_root(cache)
    echo(str(write_report(run, output, catalogue, cache=root, device=device, pair=pair)))
    if picture is not None:
        echo(str(figure(run, picture, catalogue, cache=root, device=device, pair=pair)))
