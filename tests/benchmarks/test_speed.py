"""The speed table: its harness measures, its targets are judged, and the documentation shows the last run."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed import contest, document
from benchmarks.speed.__main__ import ORDER
from benchmarks.speed.row import Row
from benchmarks.speed.scaling import curve, slope
from benchmarks.speed.table import markdown, missed


def test_the_documentation_shows_the_last_run() -> None:
    page = document.PAGE.read_text(encoding="utf-8")
    assert document.documented(page) == page, "run python -m benchmarks.speed.document"


def test_every_row_is_in_the_order_of_the_run() -> None:
    files = Path(contest.__file__).parent.glob("rows/[a-z]*.py")
    assert {file.stem for file in files} == set(ORDER)


def test_a_contest_measures_both_in_turns(tmp_path: Path) -> None:
    row = Row("Jacobian", "small", {"contreg": "own", "numpy": "own"}, faster={"numpy": 1e9})
    found = contest.contest("jacobian", row, contest.Setting(sys.executable, tmp_path, 1, rounds=2))
    assert found["contestants"]["contreg"]["rounds"] == found["contestants"]["numpy"]["rounds"] == 2
    assert found["against"]["numpy"]["difference"] < 1e-3
    assert missed(found)
    assert "1e+09: missed" in markdown({"machine": MACHINE, "rows": [found]})


def test_a_contestant_that_breaks_is_named(tmp_path: Path) -> None:
    row = Row("None", "", {"contreg": "own", "nobody": "own"})
    with pytest.raises(RuntimeError, match="nobody"):
        contest.contest("jacobian", row, contest.Setting(sys.executable, tmp_path, 1, rounds=1))


@pytest.mark.parametrize(
    ("ratio", "share", "expected"),
    [(6.0, 0.4, False), (5.9, 0.4, True), (6.0, 0.5, True), (7.0, None, False)],
)
def test_a_row_misses_by_time_or_by_memory(ratio: float, share: float | None, expected: bool) -> None:
    against = {"ratio": ratio, "target": 6, "memory": share, "memory_target": 0.45}
    row: dict[str, Any] = {
        "contestants": {"contreg": {"milliseconds": 1}},
        "against": {"peer": against},
        "milliseconds": 0,
    }
    assert missed(row) == expected


def test_slopes() -> None:
    assert slope([1, 2, 4], [3, 6, 12]) == pytest.approx(1)
    assert slope([1, 10, 100], [5, 500, 50000]) == pytest.approx(2)
    found = curve("list", "filling", [10**5, 10**6], lambda n: lambda: [0.0] * n, smoke=True)
    assert found["sizes"] == [10**5, 10**6]
    assert found["time_slope"] > 0


MACHINE = {
    "processor": "a processor",
    "threads": 1,
    "bfloat16": False,
    "gflops": 1.0,
    "copy_gbs": 1.0,
    "torch": "2",
    "load": 0.0,
}


@pytest.mark.all
def test_the_gpu_tables_can_be_made() -> None:
    command = [sys.executable, "-m", "benchmarks.speed.gpu", "--device", "cpu", "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=contest.ROOT)
    assert done.returncode == 0, done.stderr
    assert "| published |" in done.stdout
    assert "| LNCC, forward and backward |" in done.stdout
