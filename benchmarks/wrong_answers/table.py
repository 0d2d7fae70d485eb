"""The tables of ``docs/explanation/wrong-answers.md``, of the pairs that ``python -m benchmarks.wrong_answers`` wrote.

python -m benchmarks.wrong_answers.table benchmarks/results/wrong-answers/pairs.csv
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from contreg_core.inference.evidence import Evidence

Row = Mapping[str, str]
_SIGNS = {
    "edges_before": -1,
    "edges_after": -1,
    "missing_mm": 1,
    "surplus_mm": 1,
    "stretch": 1,
    "bending": 1,
    "explained": -1,
    "ncc_before": -1,
    "ncc_after": -1,
    "overlap_after": -1,
    "p99_mm": 1,
}
"""Which way each is suspicious."""
_FALSE_ALARMS = 0.01
UNSEEN = "mirrored"
"""What these signs cannot tell: ``contreg_core.inference.sides`` looks for it."""
ROOT = Path(__file__).parents[2]
PAIRS = ROOT / "benchmarks/results/wrong-answers/pairs.csv"
PAGE = ROOT / "docs/explanation/wrong-answers.md"


def main() -> None:
    """Put both tables into the page."""
    PAGE.write_text(documented(PAGE.read_text(encoding="utf-8"), read(PAIRS)), encoding="utf-8")


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def documented(page: str, rows: Sequence[Row]) -> str:
    """The page with the tables of ``rows`` in their places."""
    for name, lines in (("kinds", kinds(rows)), ("signs", signs(rows))):
        before, _, rest = page.partition(f"<!-- {name} -->\n")
        after = rest.partition(f"<!-- /{name} -->\n")[2]
        page = (
            f"{before}<!-- {name} -->\n"
            + "".join(f"{line}\n" for line in lines)
            + f"<!-- /{name} -->\n{after}"
        )
    return page


def wrong(row: Row) -> bool:
    """Labels that lie no better than by the affine stage of the right images alone; around what was lost, where a part
    was.
    """
    if row["kind"] == "right":
        return False
    if row["local_found"]:
        return float(row["local_found"]) <= float(row["local_right_affine"])
    return float(row["found"]) <= float(row["right_affine"])


def warned(row: Row) -> bool:
    """Whether the signs give a warning."""
    names = ("edges_before", "edges_after", "missing_mm", "surplus_mm", "stretch", "bending")
    return bool(Evidence(*(float(row[name]) for name in names)).warnings())


def kinds(rows: Sequence[Row]) -> Iterator[str]:
    """A line for every kind of pair."""
    yield "| model | pairs | registered | wrong by their labels | of these warned of | warned of without being wrong |"
    yield "|---|---|---:|---:|---:|---:|"
    for model, kind in dict.fromkeys((row["model"], _kind(row)) for row in rows):
        mine = [row for row in rows if (row["model"], _kind(row)) == (model, kind)]
        bad = [row for row in mine if wrong(row)]
        other = sum(warned(row) for row in mine if not wrong(row))
        yield f"| {model} | {kind} | {len(mine)} | {len(bad)} | {sum(map(warned, bad))} | {other} |"


def signs(rows: Sequence[Row]) -> Iterator[str]:
    """A line for every sign: the area under its ROC, and what it catches alone at 1 % of false alarms."""
    good, bad = ([row for row in rows if _judged(row) is which] for which in (False, True))
    yield f"| sign | right pairs ({len(good)}) | wrong pairs ({len(bad)}) | area under the ROC | caught at 1 % |"
    yield "|---|---|---|---:|---:|"
    for name, way in _SIGNS.items():
        ours, theirs = (np.array([float(row[name]) for row in some]) for some in (good, bad))
        area = np.mean(way * theirs[:, None] > way * ours) + np.mean(theirs[:, None] == ours) / 2
        limit = np.quantile(way * ours, 1 - _FALSE_ALARMS, method="higher")
        spans = " | ".join(f"{some.min():.3g} to {some.max():.3g}" for some in (ours, theirs))
        yield f"| `{name}` | {spans} | {area:.3f} | {np.mean(way * theirs > limit):.0%} |"


def _judged(row: Row) -> bool | None:
    """Right, wrong, or neither: damaged, but the labels did not suffer, or not for these signs."""
    if row["kind"] == UNSEEN:
        return None
    return True if wrong(row) else False if row["kind"] == "right" else None


def _kind(row: Row) -> str:
    contrast = row["moving"].partition("-")[2]
    return f"{row['kind']} {contrast}".strip()


if __name__ == "__main__":
    main()
