"""Many pairs made one summary, and one CSV."""

import csv
import dataclasses
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from contreg_core.cohort import Protocol
from contreg_core.errors import DataError
from contreg_core.evaluation.score import PairScore
from contreg_core.evaluation.summary import summarise
from contreg_core.evaluation.table import read_csv, write_csv

PROTOCOL = Protocol("toy/contreg", labels=(1, 2), regions={"a": (1,), "b": (2,)})


def pair(moving: str, fixed: str, a: float, b: float) -> PairScore:
    return PairScore(
        moving=moving,
        fixed=fixed,
        dice_fused={"a": a, "b": b},
        dice_labelmean={"a": a / 2, "b": b / 2},
        dice_label={1: a, 2: b},
        initial_fused={"a": 0.25, "b": 0.75},
        folding_percent=10 * a,
        hd95=math.nan,
        peak_memory_mib=100 * b,
    )


SCORES = [pair("x", "y", 0.5, 1.0), pair("y", "x", 1.0, math.nan), pair("x", "x", 0.0, 0.0)]


def test_mean_over_pairs_then_over_regions() -> None:
    found = summarise(SCORES, PROTOCOL)
    assert (found["pairs"], found["left_out"], found["identity_pairs"]) == (2, 1, 0)
    assert (
        found["dice_fused"] == found["dice"] == 0.875
    )  # regions 0.75 and 1.0; pair means would give 0.875, 1
    assert found["dice_labelmean"] == 0.4375
    assert found["dice_labels"] == 0.875
    assert found["regions"]["a"]["fused"] == 0.75
    assert found["labels"] == {"1": 0.75, "2": 1.0}
    assert found["initial"]["dice_fused"] == 0.5
    assert found["folding_percent"] == 7.5
    assert found["peak_memory_mib"] == 100
    assert "distinct" not in found


def test_the_headline_chooses_the_dice() -> None:
    found = summarise(SCORES, dataclasses.replace(PROTOCOL, headline="labelmean"))
    assert found["dice"] == found["dice_labelmean"] == 0.4375


def test_a_protocol_with_identity_pairs_reports_both() -> None:
    found = summarise(SCORES, dataclasses.replace(PROTOCOL, identity_pairs=True))
    assert (found["pairs"], found["identity_pairs"], found["left_out"]) == (3, 1, 0)
    assert found["dice_fused"] == 0.5
    assert found["distinct"]["dice_fused"] == 0.875


def test_intervals_hold_the_mean() -> None:
    rng = np.random.default_rng(0)
    scores = [pair(a, b, *rng.random(2)) for a, b in itertools.permutations("uvwxyz", 2)]
    found = summarise(scores, PROTOCOL)
    for kind in ("dice_fused", "dice_labelmean", "dice_labels"):
        low, high = found[f"{kind}_interval"]
        assert low < found[kind] < high
    low, high = found["regions"]["a"]["fused_interval"]
    assert low < found["regions"]["a"]["fused"] < high


@pytest.mark.parametrize("scores", [[], SCORES])
def test_strict_json_holds_it(scores: list[PairScore]) -> None:
    found = summarise(scores, PROTOCOL)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["hd95_mm"] is None


def test_no_pairs_are_none_and_not_zero() -> None:
    found = summarise([], PROTOCOL)
    assert found["pairs"] == 0
    assert found["dice_fused"] is None
    assert found["dice_fused_interval"] == [None, None]


def test_csv_has_one_row_a_pair_in_full_precision(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    write_csv(path, [*SCORES, pair('s,"1"', "z", 0.1 + 0.2, 1.0)])
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["moving"] for row in rows] == ["x", "y", "x", 's,"1"']
    assert float(rows[3]["dice_fused:a"]) == 0.1 + 0.2
    assert rows[1]["dice_fused:b"] == rows[1]["hd95"] == ""
    assert rows[0]["dice_label:2"] == "1.0"
    assert rows[0]["initial_fused:a"] == "0.25"
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]


def test_csv_of_no_pairs_is_a_header(tmp_path: Path) -> None:
    write_csv(tmp_path / "pairs.csv", [])
    assert (
        (tmp_path / "pairs.csv").read_text().startswith("moving,fixed,moving_subject,fixed_subject,hd95,assd")
    )


def test_the_table_reads_back_to_the_last_bit(tmp_path: Path) -> None:
    write_csv(tmp_path / "pairs.csv", SCORES)
    back = read_csv(tmp_path / "pairs.csv")
    assert [repr(score) for score in back] == [repr(score) for score in SCORES]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\x00\n", "moving,fixed\nx,y\n"])
def test_a_file_that_is_no_table_of_pairs_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(DataError, match="not a table of pairs"):
        read_csv(tmp_path / "pairs.csv")
