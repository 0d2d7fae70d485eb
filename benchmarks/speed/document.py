"""Puts the last run's tables into docs/explanation/performance.md: ``python -m benchmarks.speed.document``."""

import json
from pathlib import Path

from benchmarks.speed.contest import ROOT
from benchmarks.speed.table import markdown

PAGE = ROOT / "docs" / "explanation" / "performance.md"
RECORD = ROOT / "benchmarks" / "results" / "speed.json"
START, END = "<!-- tables of benchmarks/results/speed.json -->\n", "<!-- end of tables -->\n"


def documented(page: str, record: Path = RECORD) -> str:
    """The page with the record's tables between its two marks; nothing between them before there is a record."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    tables = ""
    if record.is_file():
        tables = f"\n{markdown(json.loads(record.read_text(encoding='utf-8')))}\n"
    return f"{before}{START}{tables}{END}{after}"


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(documented(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
