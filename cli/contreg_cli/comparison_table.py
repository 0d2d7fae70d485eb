"""A comparison on the screen."""

from collections.abc import Sequence

from contreg.comparing.differences import Row
from contreg.comparing.output import COLUMNS, FOOT, cells
from contreg_cli.console import print_table
from contreg_cli.saying import echo


def print_rows(rows: Sequence[Row], title: str) -> None:
    """The table on stdout, with what its figures mean."""
    print_table(COLUMNS, [cells(row) for row in rows], title)
    echo(FOOT)
