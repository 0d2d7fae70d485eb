"""One of the paper's tables on the screen."""

from contreg.benchmark.content import Content, sampled
from contreg.benchmark.writing import COLUMNS, cells
from contreg_cli.console import print_table
from contreg_cli.saying import echo


def print_content(table: Content) -> None:
    """The rows, then the foot."""
    budget = table["budget_seconds"]
    trained = f"{budget / 60:g} minutes of training" if budget else "trained by each recipe's own scheme"
    title = f"{table['title']} ({table['data']}, protocol {table.get('protocol', '-')}; {trained})"
    shown = len(COLUMNS) - (not sampled(table["rows"]))
    print_table(COLUMNS[:shown], [cells(row)[:shown] for row in table["rows"]], title)
    for line in table["foot"]:
        echo(line)
    for row in table["rows"]:
        reason = f" Not run: {row['reason']}" if row["reason"] else ""
        echo(f"{row['name']}: {row['known']}{reason}")
