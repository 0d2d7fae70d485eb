"""An experiment from the first step to the look at the test subjects, on the tiny cohort."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.accuracy import work
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.ledger import Ledger
from benchmarks.accuracy.report import averaged
from contreg_cli.main import run
from contreg_core.evaluation import read_csv

FILE = """
question = "Does it work?"
base = "plain"
report = "chosen"
data = ["synthetic"]
seeds = [0, 1]
steps = 2
settings = ["preprocessing.spacing=0", "encoder.features=4,4,4", "training.validation=2", "training.warmup_steps=1"]
[[variant]]
name = "plain"
recipe = "contrastive-vae"
[[variant]]
name = "bolder"
recipe = "contrastive-vae"
settings = ["training.learning_rate=0.01", "decoder.mean_std=0.3"]
[[variant]]
name = "symmetric"
run = "bolder"
symmetric = true
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four training and two test subjects."""
    folder = str(tmp_path_factory.mktemp("cache"))
    cohort = ["--data", "synthetic", "-s", "cohort.size=16,16,16", "-s", "cohort.subjects=6"]
    assert run(["prepare", *cohort, "--cache", folder, "-s", "preprocessing.spacing=0"]) == 0
    return folder


@pytest.fixture
def options(cache: str, tmp_path: Path) -> list[str]:
    """The experiment's file and its places."""
    file = tmp_path / "tiny.toml"
    file.write_text(FILE)
    places = ["--work", str(tmp_path / "work"), "--results", str(tmp_path / "results")]
    return [str(file), "--cache", cache, *places, "--device", "cpu"]


def test_from_the_first_step_to_the_one_look(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger(tmp_path / "results")
    assert main(["report", *options]) != 0  # nothing may be known of the test subjects yet
    assert not list(ledger.lines())
    assert main(["run", *options, "--only", "plain"]) == 0
    half = ledger.path.read_bytes()
    assert main(["report", *options]) != 0
    assert main(["run", *options]) == 0
    whole = ledger.path.read_bytes()
    assert whole.startswith(half)
    scored = list(ledger.lines(kind="scored"))
    assert [line["variant"] for line in scored] == [*["plain"] * 2, *["bolder"] * 2, *["symmetric"] * 2]
    assert {(line["split"], line["pairs"], line["steps"]) for line in scored} == {("validation", 2, 2)}

    monkeypatch.setattr(work, "contreg", never)
    assert main(["run", *options]) == 0
    assert ledger.path.read_bytes() == whole
    monkeypatch.undo()

    assert main(["report", *options, "--by", "somebody"]) == 0
    (look,) = ledger.lines(kind="looked")
    assert (look["by"], look["split"], look["scored_on"]) == ("somebody", "test", "synthetic")
    tests = list(ledger.lines(kind="scored", split="test"))
    assert {line["variant"] for line in tests} == set(look["variants"]) >= {"plain"}
    compared = list(ledger.lines(kind="compared"))
    assert {line["kind_of_dice"] for line in compared} == (
        {"fused", "labelmean"} if len(look["variants"]) > 1 else set()
    )
    told = ledger.path.read_bytes()
    monkeypatch.setattr(work, "contreg", never)
    assert main(["report", *options]) == 0
    assert ledger.path.read_bytes() == told
    page = (tmp_path / "results" / "trials.md").read_text()
    assert "somebody" in page
    assert main(["list", *options]) == 0
    assert capsys.readouterr().out.count("done\t") == 6


def never(command: list[str]) -> int:
    raise AssertionError(f"done already, and done again: {command}")


def test_a_failure_is_a_line_and_does_not_stop_the_others(options: list[str], tmp_path: Path) -> None:
    file = Path(options[0])
    file.write_text(FILE.replace('"decoder.mean_std=0.3"', '"encoder.features=4,4,4,4,4"'))
    assert main(["run", *options, "--seeds", "0"]) == 3
    ledger = Ledger(tmp_path / "results")
    assert [line["variant"] for line in ledger.lines(kind="failed")] == ["bolder", "symmetric"]
    assert [line["variant"] for line in ledger.lines(kind="scored")] == ["plain"]
    assert "failed" in (tmp_path / "results" / "trials.md").read_text()
    assert main(["report", *options, "--seeds", "0"]) == 0
    (look,) = ledger.lines(kind="looked")
    assert look["variants"] == ["plain"]


def test_what_is_stopped_says_so_and_is_no_failure(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "contreg", lambda _: 75)
    assert main(["run", *options]) == 75
    assert [line["kind"] for line in Ledger(tmp_path / "results").lines()] == ["begun"]


def test_seeds_are_averaged_pair_by_pair(cache: str, tmp_path: Path) -> None:
    out = [
        "--output",
        str(tmp_path / "none"),
        "--cache",
        cache,
        "-s",
        "preprocessing.spacing=0",
    ]
    assert run(["evaluate", "--model", "none", "--data", "synthetic", *out]) == 0
    scores = read_csv(tmp_path / "none" / "pairs.csv")
    best = [replace(one, dice_fused=dict.fromkeys(one.dice_fused, 1.0)) for one in scores]
    for found, one in zip(averaged([scores, best]), scores, strict=True):
        assert found.dice_fused == pytest.approx({name: (x + 1) / 2 for name, x in one.dice_fused.items()})
        assert found.dice_label == pytest.approx(one.dice_label, nan_ok=True)


def test_trials_side_by_side_score_what_they_score_in_turn(options: list[str], tmp_path: Path) -> None:
    options = [*options, "--seeds", "0"]
    assert main(["run", *options]) == 0
    other = [*options, "--work", str(tmp_path / "other"), "--results", str(tmp_path / "beside")]
    assert main(["run", *other, "--jobs", "2"]) == 0
    turn, beside = (
        {line["key"]: line for line in Ledger(tmp_path / one).lines(kind="scored")}
        for one in ("results", "beside")
    )
    assert len(turn) == 3
    assert {key: line["dice_fused"] for key, line in turn.items()} == {
        key: pytest.approx(line["dice_fused"]) for key, line in beside.items()
    }
    assert len(list((tmp_path / "other" / "logs").iterdir())) == 2  # one of the runs is shared
