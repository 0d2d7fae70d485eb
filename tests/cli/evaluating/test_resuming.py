"""A stopped evaluation goes on where it was; a finished one can be taken as it is."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from contreg.evaluating.evaluate import evaluate_request
from contreg.evaluating.request import EvaluationRequest
from contreg_core.inference import evaluate as scoring
from contreg_core.plugins import load_catalogue


@pytest.fixture
def request_(six_pairs: Path, tmp_path: Path) -> EvaluationRequest:
    return EvaluationRequest(
        "none", "synthetic", six_pairs, output=tmp_path, settings=("preprocessing.spacing=0",)
    )


class Counting:
    """Stands for the scoring of a pair: counts the pairs and can be stopped like a person does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_at: int = 10**9) -> None:
        self.pairs: list[tuple[str, str]] = []
        real = scoring.score_registration

        def counted(*arguments):
            if len(self.pairs) == stop_at:
                raise KeyboardInterrupt
            self.pairs.append((arguments[3].id, arguments[4].id))
            return real(*arguments)

        monkeypatch.setattr(scoring, "score_registration", counted)


def rows(folder: Path) -> list[tuple[str, str]]:
    with (folder / "pairs.csv").open(newline="") as file:
        return [(row["moving"], row["fixed"]) for row in csv.DictReader(file)]


def test_a_stopped_evaluation_scores_only_what_is_left(request_, tmp_path, monkeypatch):
    catalogue = load_catalogue(plugins=True)
    whole, _ = evaluate_request(replace(request_, output=tmp_path / "whole"), catalogue)
    with monkeypatch.context() as patch:
        first = Counting(patch, stop_at=2)
        with pytest.raises(KeyboardInterrupt):
            evaluate_request(request_, catalogue)
    assert not (tmp_path / "summary.json").exists()
    second = Counting(monkeypatch)
    found, folder = evaluate_request(request_, catalogue)
    assert len(first.pairs) == 2
    assert first.pairs + second.pairs == rows(folder) == rows(tmp_path / "whole")
    times = ("seconds", "peak_memory_mib")
    assert {key: value for key, value in found.items() if key not in times} == {
        key: value for key, value in whole.items() if key not in times
    }
    assert sorted(path.name for path in folder.glob("*.*")) == [
        "pairs.csv",
        "run.json",
        "summary.json",
        "work.jsonl",
    ]


def test_asked_again_it_is_scored_again_unless_reuse_is_asked_for(request_, monkeypatch):
    catalogue = load_catalogue(plugins=True)
    evaluate_request(replace(request_, limit=1), catalogue)
    assert len((again := Counting(monkeypatch)).pairs) == 0
    evaluate_request(replace(request_, limit=1), catalogue)
    assert len(again.pairs) == 1
    summary, _ = evaluate_request(replace(request_, reuse=True), catalogue)
    assert summary["pairs"] == len(again.pairs) > 1  # the pair that was there and those that were missing
    evaluate_request(replace(request_, reuse=True), catalogue)
    assert summary["pairs"] == len(again.pairs)


def test_scores_of_another_model_are_not_taken(request_, tmp_path, monkeypatch):
    catalogue = load_catalogue(plugins=True)
    evaluate_request(request_, catalogue)
    path = tmp_path / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "fingerprint": "of another"}))
    again = Counting(monkeypatch)
    summary, _ = evaluate_request(replace(request_, reuse=True), catalogue)
    assert len(again.pairs) == summary["pairs"]
