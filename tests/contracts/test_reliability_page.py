"""The table of promises in the documentation is the record of the last ``make test-reliability``, and clean."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reliability"))
from trials import tally  # noqa: E402 - a folder of its own, no package

ROWS = json.loads((ROOT / "benchmarks/results/reliability/reliability.json").read_text(encoding="utf-8"))[
    "rows"
]


def test_the_page_shows_the_record() -> None:
    page = (ROOT / "docs/explanation/reliability.md").read_text(encoding="utf-8")
    shown = page.partition(tally.START)[2].partition(tally.END)[0]
    assert shown.strip() == tally.table(ROWS).strip()


def test_no_promise_was_broken() -> None:
    assert [row for row in ROWS if row["lost"] or row["silently_wrong"] or row["tracebacks"]] == []


LEAST = {
    "flipped bit": 3000,
    "cut short": 600,
    "kill -9": 240,
    "at once on one cache": 16,
    "read meanwhile": 10_000,
    "resumed, bit for bit": 100,
}


@pytest.mark.parametrize("trial", [row["trial"] for row in ROWS])
def test_a_promise_was_tried_as_often_as_is_said(trial: str) -> None:
    assert sum(row["tried"] for row in ROWS if row["trial"] == trial) >= LEAST.get(trial, 1)
