"""``contreg benchmark`` on a tiny table: files, taking up what is there, stopping, refusals."""

import csv
import json
import os
import signal
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contreg.benchmark import tables
from contreg.benchmark.content import content
from contreg.benchmark.plan import TablePlan
from contreg.benchmark.tables import TABLES
from contreg.benchmark.work import Outcome
from contreg.comparing.scored import read_scored
from contreg.recipes import find_recipe
from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.errors import UsageError
from contreg_core.evaluation import compare_scores
from contreg_core.inference import evaluate as scoring
from contreg_core.plugins import load_catalogue
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session

ROW_KEYS = {"name", "kind", "recipe", "set", "refine", "status", "reason", "paper", "training", "known"}
SCORED_KEYS = {
    "dice",
    "dice_interval",
    "regions",
    "difference",
    "hd95_mm",
    "folding_percent",
    "sdlogj",
    "seconds",
}


@pytest.fixture
def benchmark(contreg, cache, tmp_path, tiny):
    """``contreg benchmark tiny`` with more options, into one folder."""
    base = (
        "benchmark",
        "tiny",
        "--cache",
        cache,
        "--device",
        "cpu",
        "--budget",
        "paper",
        "-o",
        tmp_path / "out",
    )
    return lambda *options: contreg(*base, *options)


def table(folder: Path) -> dict:
    return json.loads((folder / "out" / "table.json").read_text())


def count(monkeypatch: pytest.MonkeyPatch, before=lambda number: None) -> list[str]:
    """Every pair that is scored; ``before`` is called with their number so far."""
    scored: list[str] = []
    real = scoring.score_registration

    def counted(*arguments):
        before(len(scored))
        scored.append(f"{arguments[3].id} {arguments[4].id}")
        return real(*arguments)

    monkeypatch.setattr(scoring, "score_registration", counted)
    return scored


class Page(HTMLParser):
    """What a page holds, and whether its elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in {"meta", "br", "img", "input", "line", "circle", "path", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def test_a_whole_table(benchmark, tmp_path):
    found = benchmark()
    assert found.code == 3
    assert "1 of 4 rows could not be run: missing" in found.error
    told = table(tmp_path)
    assert (told["schema"], told["main"], told["protocol"]) == (1, "small", "synthetic/contreg")
    rows = {row["name"]: row for row in told["rows"]}
    assert list(rows) == ["none", "small", "small/without smoothness", "missing"]
    assert all(row.keys() >= ROW_KEYS for row in rows.values())
    assert all(row.keys() >= SCORED_KEYS for row in told["rows"] if row["status"] == "done")
    assert "there is no recipe 'not-installed'" in rows["missing"]["reason"]
    assert rows["small"]["paper"] == {"mean": 0.5, "regions": {"cerebrum": 0.25}}
    assert rows["small"]["training"]["steps"] == 2
    assert rows["small"]["difference"] is None
    folders = [
        tmp_path / "out" / "evaluation" / name for name in ("none", "small", "small-without-smoothness")
    ]
    none, small, other = (read_scored(folder) for folder in folders)
    expected = compare_scores(other.scores, small.scores, "fused")
    difference = rows["small/without smoothness"]["difference"]
    assert (difference["to"], difference["dice"]) == ("small", expected.difference)
    assert rows["none"]["dice"] == none.summary["dice"]
    assert {path.name for path in (tmp_path / "out" / "runs").iterdir()} == {
        "small",
        "small-without-smoothness",
    }
    _check_files(tmp_path / "out", rows)
    assert "ECE" not in found.out


def test_rows_with_a_variance_are_sampled(benchmark, tmp_path, tiny, monkeypatch):
    unsure = replace(tiny.row("small"), name="unsure", recipe="voxelmorph-diff")
    monkeypatch.setitem(tables.TABLES, "tiny", replace(tiny, rows=(*tiny.rows[:2], unsure)))
    found = benchmark("--samples", 3, "--no-figures")
    assert found.code == 0, found.err
    assert "ECE" in found.out
    rows = {row["name"]: row for row in table(tmp_path)["rows"]}
    figures = {name: (row["samples"], row["ece"], row["ece_interval"]) for name, row in rows.items()}
    scored = read_scored(tmp_path / "out" / "evaluation" / "unsure").summary["calibration"]
    assert figures.pop("unsure") == (3, scored["ece"], scored["ece_interval"])
    assert set(figures.values()) == {(None, None, None)}
    page = Page((tmp_path / "out" / "table.html").read_text())
    assert f"{scored['ece']:.3f}" in page.words


def _check_files(folder: Path, rows: dict) -> None:
    with (folder / "table.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == list(rows)
    assert float(lines[1]["dice"]) == rows["small"]["dice"]
    assert lines[1]["paper_regions_cerebrum"] == "0.25"
    text = (folder / "table.html").read_text()
    page = Page(text)
    assert page.open == []
    assert all(name in page.words for name in rows)
    assert "there is no recipe 'not-installed'" in page.words
    sources = [values.get("src", "") for _, values in page.found if "src" in values]
    assert len(sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert [
        values["href"] for name, values in page.found if name == "a" and not values["href"].startswith("#")
    ] == []
    ids = {values["id"] for name, values in page.found if name == "section"}
    assert {values["href"][1:] for name, values in page.found if name == "a"} <= ids
    for kind in ("images", "labels", "fields"):
        assert (folder / f"figure-{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_again_nothing_is_trained_or_scored(benchmark, tmp_path, monkeypatch):
    benchmark("--no-figures")
    first = table(tmp_path)
    scored = count(monkeypatch)
    monkeypatch.setattr("contreg_core.training.session.Session", None)
    assert benchmark("--no-figures").code == 3
    assert scored == []
    assert table(tmp_path) == first
    page = Page((tmp_path / "out" / "table.html").read_text())
    ids = {values["id"] for name, values in page.found if name == "section"}
    assert {
        values["href"][1:] for name, values in page.found if name == "a"
    } == ids  # no link to absent pictures


def test_stopped_while_scoring_it_goes_on(benchmark, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        first = count(patch, lambda number: number == 3 and os.kill(os.getpid(), signal.SIGTERM))
        stopped = benchmark("--only", "none", "--only", "small", "--no-figures")
    assert (stopped.code, "stopped by SIGTERM" in stopped.error) == (75, True)
    assert len(first) == 3
    second = count(monkeypatch)
    assert benchmark("--only", "none", "--only", "small", "--no-figures").code == 0
    pairs = table(tmp_path)["rows"][0]["pairs"]
    assert len(second) == 2 * pairs - 3
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def _interrupt(number: int) -> None:
    if number == 1:
        raise KeyboardInterrupt


def test_ctrl_c_ends_it(benchmark, monkeypatch):
    count(monkeypatch, _interrupt)
    found = benchmark("--only", "none", "--no-figures")
    assert (found.code, "finished work is kept" in found.error) == (130, True)


def test_an_unfinished_run_goes_on(benchmark, cache, tmp_path, tiny):
    catalogue = load_catalogue(plugins=False)
    row = tiny.row("small")
    recipe = find_recipe(catalogue, row.recipe, (*row.settings, "training.seed=0"))
    folder = RunFolder(tmp_path / "out" / "runs" / "small")
    cohort = CachedCohort.open(next(cache.glob("synthetic-*")))
    session = Session(recipe, cohort, folder, Engine.choose("cpu"), catalogue)
    session.stop()
    list(session.advance())
    assert session.state.step == 1
    found = benchmark("--only", "small", "--no-figures")
    assert "goes on after step 1" in found.err
    assert json.loads(folder.provenance.read_text())["steps"] == 2


def test_a_run_of_another_budget_or_seed_is_not_taken(benchmark, tmp_path):
    benchmark("--only", "small", "--no-figures")
    other = benchmark("--only", "small", "--no-figures", "--budget", "90s")
    assert other.code == 3
    assert "holds a run with the recipe's own scheme, expected at most 1.5 minutes" in other.err
    seeded = benchmark("--only", "small", "--no-figures", "--seed", "7")
    assert seeded.code == 3
    assert "holds a run of another recipe (training.seed = 0, now 7)" in seeded.err
    assert table(tmp_path)["rows"][0]["status"] == "failed"


def test_rows_with_fewer_pairs_are_compared_on_those_they_share(benchmark, tmp_path):
    benchmark("--only", "small", "--no-figures")
    benchmark("--only", "none", "--limit", "1", "--no-figures")
    (row,) = table(tmp_path)["rows"]
    assert (row["pairs"], row["of_pairs"], row["difference"]) == (1, 2, None)


def test_a_cohort_other_than_the_papers_has_no_figures_of_the_paper(tmp_path):
    first = TABLES["table1"]
    utilzreg = Outcome(first.row("utilzreg"), failure=UsageError("not here"))
    plans = {
        data: TablePlan(table=first, rows=first.rows, data=data, folder=tmp_path)
        for data in ("lpba40", "synthetic")
    }
    assert content(plans["lpba40"], [utilzreg])["rows"][0]["paper"] == {
        "mean": 0.665, "regions": {"frontal": 0.691, "hippocampus": 0.692}
    }  # fmt: skip
    assert content(plans["synthetic"], [utilzreg])["rows"][0]["paper"] == {"mean": None, "regions": {}}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("benchmark", "table9"), "there is no table 'table9'"),
        (("benchmark", "table1", "--only", "voxelmorf"), "table1 has no row 'voxelmorf'"),
        (("benchmark", "table1", "--budget", "soon"), "'soon' is not a span of time"),
    ],
)
def test_what_does_not_exist_is_refused_before_any_work(contreg, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    found = contreg(*arguments)
    assert found.code == 2
    assert says in found.error
    assert list(tmp_path.iterdir()) == []
