"""``contreg compare``: figures side by side, and what it refuses."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from contreg_cli.main import run
from contreg_core.evaluation import compare_scores, read_csv

TINY = ["-s", "preprocessing.spacing=0"]


@pytest.fixture(scope="module")
def evaluations(cache: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evaluations of the tiny run, of no registration, and of the latter on one pair and on another split."""
    folder = tmp_path_factory.mktemp("evaluations")
    none = ["evaluate", "--model", "none", "--data", "synthetic", "--cache", str(cache), *TINY]
    assert run(["evaluate", str(trained), "--cache", str(cache), "--output", str(folder / "run")]) == 0
    assert run([*none, "--output", str(folder / "none")]) == 0
    assert run([*none, "--output", str(folder / "one"), "--limit", "1"]) == 0
    assert run([*none, "--output", str(folder / "train"), "--split", "train", "--limit", "2"]) == 0
    return folder


@pytest.fixture
def copies(evaluations: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(evaluations, tmp_path / "evaluations")


def change(folder: Path, **values: object) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_the_difference_is_that_of_the_scores(contreg, evaluations):
    found = json.loads(contreg("compare", evaluations / "none", evaluations / "run", "--json").out)
    assert found["schema"] == 1
    assert (found["baseline"], found["split"], found["protocol"]) == ("none", "test", "synthetic/contreg")
    assert len(found["caches"]) == 1
    first, second = found["rows"]
    assert first["difference"] is None
    scores = [read_csv(evaluations / name / "pairs.csv") for name in ("run", "none")]
    expected = compare_scores(*scores, found["headline"])
    assert second["difference"]["dice"] == expected.difference
    assert second["difference"]["pairs"] == second["pairs"] == expected.pairs
    assert second["difference"]["dice"] == pytest.approx(second["dice_fused"] - first["dice_fused"], abs=1e-9)
    summary = json.loads((evaluations / "run" / "summary.json").read_text())
    assert {key: second[key] for key in ("dice_labels", "hd95_mm", "seconds")} == {
        key: summary[key] for key in ("dice_labels", "hd95_mm", "seconds")
    }


def test_the_baseline_is_a_choice(contreg, evaluations):
    folders = evaluations / "none", evaluations / "run"
    found = json.loads(contreg("compare", *folders, "--baseline", "contrastive-vae", "--json").out)
    assert found["baseline"] == "contrastive-vae"
    assert [row["difference"] is None for row in found["rows"]] == [False, True]
    refused = contreg("compare", *folders, "--baseline", "nobody")
    assert refused.code == 2
    assert "evaluations: none, contrastive-vae" in refused.error


def test_a_run_folder_stands_for_its_one_evaluation(contreg, evaluations, trained, copies):
    home = copies / "home"
    shutil.copytree(evaluations / "run", home / "evaluation" / "synthetic-contreg-test")
    assert contreg("compare", evaluations / "none", home).code == 0
    shutil.copytree(evaluations / "run", home / "evaluation" / "another-test")
    two = contreg("compare", evaluations / "none", home)
    assert (two.code, "holds 2 evaluations (another-test, synthetic-contreg-test)" in two.error) == (2, True)
    empty = contreg("compare", copies)
    assert (empty.code, "run contreg evaluate" in empty.error) == (66, True)


def test_files_hold_the_same_rows(contreg, evaluations, tmp_path):
    files = tmp_path / "table.csv", tmp_path / "table.json"
    done = contreg("compare", evaluations / "none", evaluations / "run", "-o", files[0], "-o", files[1])
    assert done.code == 0
    assert "difference" in done.out
    with files[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = json.loads(files[1].read_text())["rows"]
    assert [row["name"] for row in rows] == [row["name"] for row in told] == ["none", "contrastive-vae"]
    assert float(rows[1]["difference_dice"]) == told[1]["difference"]["dice"]
    assert float(rows[0]["dice_fused_interval_low"] or "nan") == pytest.approx(
        told[0]["dice_fused_interval"][0] or float("nan"), nan_ok=True
    )
    refused = contreg("compare", evaluations / "none", "-o", tmp_path / "table.xlsx")
    assert (refused.code, "neither in .csv nor in .json" in refused.error) == (2, True)


@pytest.mark.parametrize(
    ("change_", "says"),
    [
        ({"protocol": "synthetic/other"}, "protocols differ"),
        ({"data": "lpba40"}, "cohorts differ"),
        ({"split": "train"}, "splits differ"),
        ({"cache": "synthetic-1"}, "caches (preprocessing) differ"),
    ],
)
def test_what_is_not_comparable_is_refused(contreg, copies, change_, says):
    change(copies / "run", **change_)
    found = contreg("compare", copies / "none", copies / "run")
    assert found.code == 78
    assert says in found.error
    assert "none: " in found.error


def test_caches_may_differ_when_asked(contreg, copies):
    change(copies / "run", cache="synthetic-1")
    found = contreg("compare", copies / "none", copies / "run", "--across-caches", "--json")
    assert found.code == 0
    assert len(json.loads(found.out)["caches"]) == 2


def test_pairs_that_differ_are_refused_unless_the_common_ones_are_asked_for(contreg, copies):
    change(copies / "one", model="one")
    refused = contreg("compare", copies / "none", copies / "one")
    assert refused.code == 78
    assert "none: 2, one: 1; 1 in all of them" in refused.error
    found = json.loads(contreg("compare", copies / "none", copies / "one", "--common", "--json").out)
    first, second = found["rows"]
    assert first["pairs"] == second["pairs"] == 1
    assert first["dice_fused"] == second["dice_fused"]
    assert second["difference"]["dice"] == 0


def test_no_common_pair_is_refused_whatever_is_asked(contreg, copies):
    change(copies / "train", split="test")
    found = contreg("compare", copies / "none", copies / "train", "--common")
    assert (found.code, "0 in all of them" in found.error) == (78, True)


def test_one_model_twice_is_named_by_its_folder(contreg, evaluations, copies):
    found = json.loads(contreg("compare", evaluations / "none", copies / "none", "--json").out)
    assert [row["name"] for row in found["rows"]] == [str(evaluations / "none"), str(copies / "none")]


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_summary_is_refused(contreg, copies, text):
    (copies / "run" / "summary.json").write_text(text)
    found = contreg("compare", copies / "run")
    assert (found.code, "run contreg evaluate again" in found.error) == (65, True)
