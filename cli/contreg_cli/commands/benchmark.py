"""``contreg benchmark``: the paper's tables, made here."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg.plugins import load_catalogue
from contreg_cli import completing, options
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg.benchmark.content import Content
    from contreg_core.engine import Precision


@click.command()
@click.argument("table", metavar="table1|table2|table3")
@click.option(
    "--data",
    metavar="COHORT",
    shell_complete=completing.cohorts,
    help="A prepared cohort (default: the table's own).",
)
@options.cache
@click.option(
    "--budget",
    default="30m",
    show_default=True,
    metavar="TIME|paper",
    help="Training time of every learned row, or paper for each recipe's own scheme.",
)
@click.option("--only", multiple=True, metavar="ROW", help="Only this row; may be given again.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Score only N pairs, spread over all.")
@click.option(
    "--solver-limit",
    type=click.IntRange(1),
    metavar="N",
    help="Score only N pairs in rows that optimise every pair.",
)
@click.option(
    "--samples",
    type=click.IntRange(2),
    metavar="N",
    help="Draw N fields a pair in rows whose model gives a variance: a column for their calibration (ECE).",
)
@click.option("-o", "--output", type=options.FOLDER, metavar="DIR", help="Default: benchmark/TABLE-COHORT.")
@options.device
@options.precision
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of every training.")
@click.option(
    "--figures/--no-figures", default=True, show_default=True, help="Pictures of one pair by every row."
)
@options.settings
@options.as_json
def command(
    table: str,
    data: str | None,
    cache: Path | None,
    budget: str,
    only: tuple[str, ...],
    limit: int | None,
    solver_limit: int | None,
    samples: int | None,
    output: Path | None,
    device: str,
    precision: "Precision",
    seed: int,
    figures: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make one of the paper's tables: fit, evaluate and compare every row.

    Runs and evaluations that are finished in DIR are taken as they are, those that were stopped go on, so the same
    command can be run again after any interruption. Writes table.csv, table.json, table.html and pictures. Rows that
    cannot be run say why; the others are done all the same (exit 3). --set changes every row's recipe.
    """
    from contreg.benchmark.plan import TablePlan
    from contreg.benchmark.table import make
    from contreg.benchmark.tables import find_table
    from contreg.times import seconds
    from contreg_cli.console import print_json

    found = find_table(table)
    cohort = data or found.cohort
    plan = TablePlan(
        table=found, rows=found.chosen(only), data=cohort, folder=output or Path("benchmark", f"{found.name}-{cohort}"),
        cache=cache, seconds=0.0 if budget == "paper" else seconds(budget), limit=limit, solver_limit=solver_limit,
        samples=samples or 0, device=device, precision=precision, seed=seed, settings=settings,
    )  # fmt: skip
    content = make(plan, load_catalogue(), figures=figures)
    if as_json:
        print_json(content)
    else:
        _print(content, plan.folder)
    _complain(content)


def _print(content: "Content", folder: Path) -> None:
    from contreg_cli.benchmark_table import print_content

    print_content(content)
    echo(f"written: {', '.join(str(folder / f'table.{kind}') for kind in ('csv', 'json', 'html'))}")


def _complain(content: "Content") -> None:
    from contreg_core.errors import PartialError

    failed = [row["name"] for row in content["rows"] if row["status"] == "failed"]
    if failed:
        raise PartialError(
            f"{len(failed)} of {len(content['rows'])} rows could not be run: {', '.join(failed)}",
            "see the reasons in the table, and run the same command again",
        )
