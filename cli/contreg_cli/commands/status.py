"""``contreg status``: what is finished, failed and missing in a folder."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg_cli import options
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.fleet.status import Status

_SHOWN = 20


@click.command()
@click.argument("folder", type=options.ANY_PATH, metavar="DIR")
@options.as_json
def command(folder: Path, as_json: bool) -> None:
    """Count what is done, failed and missing in DIR.

    DIR is the folder of a cache, or the output of segment, register --pairs or evaluate. Done is what lies there
    as the last call asked for it; while work goes on, missing is what is still to come.
    """
    from contreg.evaluating.scoring import scored_in
    from contreg_cli.console import print_json
    from contreg_core.fleet.status import status

    found = status(folder, {"evaluate": scored_in})
    if as_json:
        print_json({**asdict(found), "total": found.total})
        return
    counts = (
        f"{len(found.done)} done, {len(found.failed)} failed, {len(found.missing)} missing of {found.total}"
    )
    echo(f"{found.command}: {counts}")
    for line in _lines(found):
        echo(line)


def _lines(found: "Status") -> list[str]:
    failed = [f"failed: {one['subject']}: {one['message']}. Fix: {one['hint']}" for one in found.failed]
    missing = [f"missing: {name}" for name in found.missing]
    return [
        line
        for lines in (failed, missing)
        for line in (*lines[:_SHOWN], *([f"... {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []))
    ]
