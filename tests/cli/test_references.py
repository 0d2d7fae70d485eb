"""``evaluate --references``: labels by many registered training subjects, scored as those of any other model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from contreg_core.cache import CachedCohort
from contreg_core.errors import DataError, UsageError
from contreg_core.inference.evaluate import evaluate
from contreg_core.inference.evaluate_references import References, reference_scans
from contreg_core.inference.unregistered import identity

NONE = [
    "--model",
    "none",
    "--data",
    "synthetic",
    "-s",
    "preprocessing.spacing=0",
    "-s",
    "training.validation=2",
]


@pytest.fixture
def cohort(cache: Path) -> CachedCohort:
    """Four training and two test subjects."""
    (file,) = cache.glob("*/cohort.json")
    return CachedCohort.open(file.parent)


def test_one_reference_scores_as_its_registration_does(cohort: CachedCohort) -> None:
    scans = {scan.id: scan for scan in cohort.scans}
    for name in ("S01", "S02"):
        pair = [(scans[name], scans["S05"])]
        voters = References(identity, [scans[name]], cohort.load)
        (voted,) = voters.scores(cohort, pair, cohort.protocol())
        (plain,) = evaluate(identity, cohort, pair, cohort.protocol())
        assert voted.dice_fused == pytest.approx(plain.dice_fused)
        assert voted.dice_label == pytest.approx(plain.dice_label, nan_ok=True)
        assert voted.hd95 == pytest.approx(plain.hd95, nan_ok=True)


def test_the_image_itself_among_the_references_is_found_and_labels_it_exactly(cohort: CachedCohort) -> None:
    scans = {scan.id: scan for scan in cohort.scans}
    voters = References(identity, [scans["S01"], scans["S05"], scans["S02"]], cohort.load, most=1)
    (score,) = voters.scores(cohort, [(scans["S06"], scans["S05"])], cohort.protocol())
    assert set(score.dice_fused.values()) == {1.0}


def test_those_held_out_vote_only_for_the_test(cohort: CachedCohort) -> None:
    assert [scan.id for scan in reference_scans(cohort, "test", 2)] == ["S01", "S02", "S03", "S04"]
    assert [scan.id for scan in reference_scans(cohort, "validation", 2)] == ["S01", "S02"]
    with pytest.raises(UsageError, match="are the references"):
        reference_scans(cohort, "train", 2)
    apart = replace(cohort, scans=(replace(cohort.scans[0], space="elsewhere"), *cohort.scans[1:]))
    with pytest.raises(DataError, match="many spaces"):
        reference_scans(apart, "test", 2)


@pytest.mark.parametrize("fusion", ["majority", "weighted", "staple"])
def test_from_the_shell(contreg, cache: Path, tmp_path: Path, fusion: str) -> None:
    options = ["--cache", cache, "--output", tmp_path, "--references", "3", "--fusion", fusion]
    result = contreg("evaluate", *NONE, *options)
    assert result.code == 0, result.err
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["model"] == f"none (references 3, fusion {fusion})"
    assert (summary["pairs"], summary["images"]) == (2, 2)
    assert 0.3 < summary["dice_fused"] <= 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--references", "none"], "expected 1 or more, or all"),
        (["--references", "all", "--split", "train"], "are the references"),
    ],
)
def test_what_does_not_fit_is_refused(contreg, cache: Path, options: list[str], said: str) -> None:
    result = contreg("evaluate", *NONE, "--cache", cache, *options)
    assert result.code == 2
    assert said in result.error
