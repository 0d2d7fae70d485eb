"""What samples add to the table and to the summary of an evaluation."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contreg_core.cohort import Protocol
from contreg_core.errors import DataError
from contreg_core.evaluation import PairScore, Sampled, label_calibration, read_csv, summarise, write_csv
from contreg_core.evaluation.calibration import calibration_error
from contreg_core.evaluation.sampled import pooled

PROTOCOL = Protocol("toy/contreg", labels=(1, 2), regions={"a": (1,)})
PAIRS = list(itertools.permutations("uvwx", 2))


def maps(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Six sampled label maps and the true one."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 700).astype(np.uint8)
    return np.where(rng.random((6, 700)) < rng.random(700), truth, rng.integers(0, 3, (6, 700))).astype(
        np.uint8
    ), truth


def scores() -> list[PairScore]:
    return [
        PairScore(
            moving=moving,
            fixed=fixed,
            dice_fused={"a": 0.5},
            dice_labelmean={"a": 0.5},
            dice_label={1: 0.5},
            sampled=Sampled(label_calibration(*maps(seed), (1, 2)), 0.1 + seed / 3),
        )
        for seed, (moving, fixed) in enumerate(PAIRS)
    ]


def test_the_table_reads_back_to_the_last_bit(tmp_path: Path) -> None:
    write_csv(tmp_path / "pairs.csv", [*scores(), replace(scores()[0], moving="z", sampled=None)])
    back = read_csv(tmp_path / "pairs.csv")
    assert [score.sampled for score in back] == [*(score.sampled for score in scores()), None]


def test_a_pair_without_a_voxel_reads_back(tmp_path: Path) -> None:
    empty = Sampled(label_calibration(np.zeros((2, 5), np.uint8), np.zeros(5, np.uint8), (1,)), 0.5)
    write_csv(tmp_path / "pairs.csv", [replace(scores()[0], sampled=empty)])
    (score,) = read_csv(tmp_path / "pairs.csv")
    assert score.sampled == empty


def test_a_table_that_lost_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    write_csv(path, scores())
    path.write_text(path.read_text().replace("calibration_right:3", "other"))
    with pytest.raises(DataError, match="calibration_right:3"):
        read_csv(path)


def test_the_summary_is_of_all_voxels_together() -> None:
    found = summarise(
        [*scores(), replace(scores()[0], fixed="u")], PROTOCOL
    )  # a subject with itself is left out
    votes, truths = zip(*(maps(seed) for seed in range(len(PAIRS))), strict=True)
    whole = label_calibration(np.concatenate(votes, axis=1), np.concatenate(truths), (1, 2))
    figures = {name: getattr(whole, name) for name in ("ece", "mce", "brier", "missed_percent")}
    assert {name: found["calibration"][name] for name in figures} == figures
    assert found["samples"] == 6
    assert found["uncertainty_mm"] == pytest.approx(0.1 + np.arange(len(PAIRS)).mean() / 3)
    bins = found["calibration"]["bins"]
    assert sum(one["voxels"] for one in bins) == found["calibration"]["voxels"] == sum(whole.voxels)
    gaps = [one["voxels"] * abs(one["accuracy"] - one["confidence"]) for one in bins]
    assert sum(gaps) / sum(whole.voxels) == pytest.approx(whole.ece)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_interval_draws_people() -> None:
    """By hand: a pair counts as often as its moving subject was drawn times its fixed subject."""
    sampled = [score.sampled for score in scores()]
    sums = [np.array([getattr(one.calibration, name) for one in sampled]) for name in ("voxels", "right")]
    rng, drawn = np.random.default_rng(7), []
    for _ in range(3000):
        times = np.bincount(rng.integers(4, size=4), minlength=4)
        weights = np.array([times["uvwx".index(a)] * times["uvwx".index(b)] for a, b in PAIRS])
        drawn += [float(calibration_error(*(weights @ one for one in sums)))] if weights.any() else []
    low, high = pooled(sampled, PAIRS)["calibration"]["ece_interval"]
    assert (low, high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.004)


def test_one_pair_has_no_interval_and_no_sample_no_entry() -> None:
    alone = summarise(scores()[:1], PROTOCOL)
    assert alone["calibration"]["ece_interval"] == [None, None]
    assert "calibration" not in summarise([replace(score, sampled=None) for score in scores()], PROTOCOL)
