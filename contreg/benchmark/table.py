"""One table from its plan to its files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.benchmark.content import Content, content
from contreg.benchmark.plan import TablePlan
from contreg.benchmark.work import Outcome, work
from contreg.benchmark.writing import write_table
from contreg.caches import cache_root
from contreg.front import front
from contreg_core.errors import ContregError
from contreg_core.files import probe, write_text
from contreg_core.overwriting import refuse_inputs, refused
from contreg_core.plain_json import parse_json

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


def make(plan: TablePlan, catalogue: "Catalogue", *, figures: bool = True) -> Content:
    """Fit, evaluate, compare and write; returns what ``table.json`` holds.

    The table is written before the pictures are drawn, so that it is there whatever becomes of them.
    """
    from contreg.benchmark.html import table_page

    _refuse_other(plan)
    probe(plan.folder)
    outcomes = work(plan, catalogue)
    table = content(plan, outcomes)
    page = plan.folder / "table.html"
    write_table(plan.folder, table)
    write_text(page, table_page(table, []))
    if figures:
        write_text(page, table_page(table, _pictures(plan, outcomes, catalogue)))
    return table


def _refuse_other(plan: TablePlan) -> None:
    """Raise ``OutputError`` where the folder has another table, or this one of another cohort."""
    path = plan.folder / "table.json"
    tables = [plan.folder / f"table.{kind}" for kind in ("csv", "json", "html")]
    refuse_inputs(tables, cache_root(plan.cache).glob(f"{plan.data}-*/**/*"))
    try:
        told = parse_json(path.read_text(encoding="utf-8"))
        found = told["table"], told["data"]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError):
        found = "another program", "nothing known"
    if found != (plan.table.name, plan.data):
        raise refused(path, f"is of {found[0]} on {found[1]}", optional=False)


def _pictures(plan: TablePlan, outcomes: Sequence[Outcome], catalogue: "Catalogue") -> list[Path]:
    """The pictures of one pair; none, and a line that says why, where a row cannot register it again."""
    from contreg.benchmark.examples import median_pair, register_all, shown_rows
    from contreg.benchmark.gallery import draw_gallery

    rows = shown_rows(plan, outcomes)
    if not rows or rows[0].model is None:
        return []
    try:
        methods = register_all(plan, rows, median_pair(rows[0].model), catalogue)
        return draw_gallery(methods, plan.folder)
    except ContregError as error:
        front().warn(f"no pictures: {error}")
        return []
