"""``--workers``, ``--dask``, ``--shard`` and ``--retry-failed``: where many items are worked on."""

import functools
from collections.abc import Callable
from typing import Any

import click

from contreg.fleet import Fleet

_OPTIONS = (
    click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes."),
    click.option(
        "--dask",
        metavar="ADDRESS",
        help="Work on the Dask cluster whose scheduler is there, e.g. tcp://host:8786.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        help="Only the I-th of N parts. In a SLURM job array the default is the task's own part.",
    ),
    click.option(
        "--retry-failed",
        is_flag=True,
        help="Try bad inputs again that failed before and have not changed since.",
    ),
)


def fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--workers``, ``--dask``, ``--shard`` and ``--retry-failed``, as one parameter ``fleet``."""

    @functools.wraps(command)
    def bundled(
        *arguments: Any, workers: int, dask: str | None, shard: str | None, retry_failed: bool, **others: Any
    ) -> Any:
        return command(*arguments, fleet=Fleet.of(workers, dask, shard, retry_failed), **others)

    return functools.reduce(lambda made, option: option(made), reversed(_OPTIONS), bundled)
