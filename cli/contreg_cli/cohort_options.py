"""Options about a cohort's files, alike where they are checked and where they are prepared."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from contreg_cli import inferring

if TYPE_CHECKING:
    from contreg_core.cohort import UnknownLabels
    from contreg_core.volume import ReadChoice

_OPTIONS = (
    click.option(
        "--unknown-labels",
        type=click.Choice(["refuse", "background"]),
        help="Label ids the study does not have (default: as the cohort says).",
    ),
    click.option(
        "--resample-labels",
        is_flag=True,
        help="Take label maps of another grid, by nearest neighbour, instead of refusing.",
    ),
    inferring.reading,
)


def cohort_reading(command: Callable[..., None]) -> Callable[..., None]:
    """What a person allows and says of the files; the command gets it as one ``repairs``."""

    @wraps(command)
    def gathered(
        *, unknown_labels: "UnknownLabels | None", resample_labels: bool, choice: "ReadChoice", **rest: Any
    ) -> None:
        from contreg_core.cohort import Repairs

        command(repairs=Repairs(unknown_labels, resample_labels, choice), **rest)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered
