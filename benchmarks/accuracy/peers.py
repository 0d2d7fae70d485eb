"""One table of every method, those of other programs among them: the rows of ``contreg benchmark`` and antspyx'."""

import argparse
import os
import sys

from benchmarks.accuracy.antspyx import LOG, RECIPES, VARIABLE, catalogue
from benchmarks.accuracy.ledger import person
from benchmarks.accuracy.work import Place
from contreg.benchmark.plan import TablePlan
from contreg.benchmark.rows import Row, Table, fused, refined
from contreg.benchmark.table import make
from contreg.benchmark.tables import TABLES
from contreg.benchmark.writing import cells
from contreg.front import Front, using
from contreg.times import seconds

_OF = {"lpba40": "table1", "mindboggle": "table2"}


def peers(options: argparse.Namespace, place: Place) -> int:
    """Fit, score and compare; goes on where it stopped. Returns an exit code, 3 where a row could not be run."""
    plan = _plan(options, place)
    os.environ[VARIABLE] = options.peer_python
    os.environ[LOG] = str(plan.folder.absolute() / "antspyx.jsonl")
    plan.folder.mkdir(parents=True, exist_ok=True)
    if not (plan.folder / "table.json").is_file():
        place.ledger.append("looked", _look(plan, options.by))
    with using(Printing()):
        content = make(plan, catalogue())
    for row in content["rows"]:
        print("  ".join(cells(row)))
    return 3 if any(row["status"] == "failed" for row in content["rows"]) else 0


class Printing(Front):
    """Lines and warnings on stderr."""

    def say(self, line: str, *, aside: bool = False) -> None:
        """As it comes."""
        print(line, file=sys.stderr)

    def warn(self, line: str) -> None:
        """Marked as one."""
        print(f"warning: {line}", file=sys.stderr)


def table(data: str) -> Table:
    """The table of the paper's cohort with the rows of antspyx after that of no registration, and our wide form."""
    known = TABLES[_OF[data]]
    none, *others = known.rows
    return Table(f"peers-{data}", f"Peers: {data}", data, known.main, (none, *syn(), *others, *wide()))


def wide() -> tuple[Row, ...]:
    """The recommended recipe's wide form, refined, and as a voter."""
    row = Row(
        name="contrastive-vae/wide", kind="learned", recipe="contrastive-vae/wide", known="Not in the paper."
    )
    return row, refined(row), fused(row)


def syn() -> list[Row]:
    """Symmetric normalisation by its authors' program."""
    return [
        Row(
            name=f"antspyx {kind}",
            kind="solver",
            recipe=name,
            known=f"Avants et al. 2008 by antspyx: SyN with its defaults, metric {metric}, affine stage included; "
            "memory without that of its own process, which antspyx.jsonl has; not in the paper.",
        )
        for name, (kind, metric) in RECIPES.items()
    ]


def _plan(options: argparse.Namespace, place: Place) -> TablePlan:
    made = table(options.data)
    return TablePlan(
        table=made, rows=made.chosen(tuple(options.only)), data=options.data, folder=place.work / made.name,
        cache=place.cache, seconds=0.0 if options.budget == "paper" else seconds(options.budget), limit=options.limit,
        solver_limit=options.solver_limit, device=place.device, seed=options.seed, settings=tuple(options.settings),
    )  # fmt: skip


def _look(plan: TablePlan, by: str) -> dict[str, object]:
    return {
        "experiment": plan.table.name,
        "by": by or person(),
        "scored_on": plan.data,
        "split": "test",
        "variants": [row.name for row in plan.rows],
        "keys": [],
        "budget": plan.seconds,
        "seed": plan.seed,
        "note": "Fixed rows, nothing chosen: their figures are in the table that peers writes.",
    }
