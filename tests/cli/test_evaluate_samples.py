"""``evaluate --samples``: what it adds and what it leaves as it was, in whatever way the pairs are worked on."""

import csv
import json
from pathlib import Path

import pytest

MEASURED = {"seconds", "peak_memory_mib"}
OWN = {"ece", "brier", "missed_percent", "uncertainty_mm"}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "pairs.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in MEASURED} for row in csv.DictReader(file)]


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


@pytest.fixture
def evaluate(contreg, study: Path, velocities: Path):
    """Both pairs of the two training subjects, by a model that is unsure."""
    common = ["--cache", study / "cache", "--split", "train", "--device", "cpu", "--precision", "float32"]
    return lambda output, *more: contreg("evaluate", velocities, *common, "--output", output, *more)


def test_the_other_scores_stay_and_calibration_comes_beside_them(evaluate, tmp_path: Path) -> None:
    plain, sampled = tmp_path / "plain", tmp_path / "sampled"
    assert evaluate(plain).code == 0
    result = evaluate(sampled, "--samples", 4)
    assert result.code == 0, result.err
    assert "calibration of 4 samples: ECE 0." in result.out
    added = [
        {k: v for k, v in row.items() if k not in without}
        for row, without in zip(rows(sampled), rows(plain), strict=True)
    ]
    levels = {f"calibration_{kind}:{k}" for kind in ("voxels", "right") for k in range(1, 5)}
    assert all(set(row) == OWN | levels for row in added)
    assert all(
        row.items() >= without.items() for row, without in zip(rows(sampled), rows(plain), strict=True)
    )
    whole, before = summary(sampled), summary(plain)
    assert {k for k in whole if k not in before} == {"samples", "uncertainty_mm", "calibration"}
    assert whole["dice"] == before["dice"]
    assert whole["fingerprint"] != before["fingerprint"]
    found = whole["calibration"]
    assert found["voxels"] == sum(int(row[level]) for row in added for level in levels if "voxels" in level)
    assert sum(one["voxels"] for one in found["bins"]) == found["voxels"]
    assert 0 < found["ece"] < 1
    assert (
        0 < whole["uncertainty_mm"] == pytest.approx(sum(float(row["uncertainty_mm"]) for row in added) / 2)
    )


def test_pairs_draw_the_same_in_shards_of_any_order(evaluate, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert evaluate(whole, "--samples", 3).code == 0
    for part in ("2/2", "1/2"):
        assert evaluate(parts, "--samples", 3, "--shard", part).code == 0
    assert rows(whole) == rows(parts)
    assert summary(whole)["calibration"] == summary(parts)["calibration"]


@pytest.mark.all
def test_pairs_draw_the_same_on_workers(evaluate, tmp_path: Path) -> None:
    assert evaluate(tmp_path / "one", "--samples", 3).code == 0
    assert evaluate(tmp_path / "two", "--samples", 3, "--workers", 2).code == 0
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


def test_it_has_its_own_folder_goes_with_refining_and_is_in_the_report(
    contreg, study: Path, velocities: Path, tmp_path: Path
) -> None:
    options = ["--cache", study / "cache", "--split", "train", "--device", "cpu", "--limit", "1"]
    result = contreg("evaluate", velocities, *options, "--refine", 1, "--samples", 2)
    assert result.code == 0, result.err
    (folder,) = (velocities / "evaluation").glob("*-samples-2")
    assert folder.name.endswith("-train-refine-1-samples-2")
    assert summary(folder)["model"] == "contrastive-vae (refine 1)"
    assert summary(folder)["pairs"] == 1
    assert contreg("report", velocities, "-o", tmp_path / "report.html", "--cache", tmp_path).code == 0
    assert f"Reliability, {folder.name}" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("model", "more"), [("run", []), ("velocities", ["--symmetric"]), ("svf-adam", ["--data", "synthetic"])]
)
def test_without_a_variance_it_is_refused(
    contreg, study: Path, velocities: Path, tmp_path: Path, model: str, more: list[str]
) -> None:
    named = model if model == "svf-adam" else study / model
    result = contreg(
        "evaluate",
        "--model",
        named,
        "--cache",
        study / "cache",
        "--output",
        tmp_path / "out",
        "--samples",
        3,
        *more,
    )
    assert result.code == 78
    assert "gives no variance" in result.error
    assert "leave out --samples" in result.err
    assert not (tmp_path / "out").exists()


def test_what_predicts_nothing_and_a_single_sample_are_refused(contreg, study: Path) -> None:
    common = ["evaluate", "--model", "none", "--data", "synthetic", "--cache", study / "cache", "--samples"]
    none, one = contreg(*common, 3), contreg(*common, 1)
    assert (none.code, one.code) == (2, 2)
    assert "predicts nothing to sample" in none.error
