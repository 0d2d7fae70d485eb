"""An evaluation on workers and in shards gives what one process gives; failures and what is left are counted."""

import csv
import json

import pytest

OWN = {"seconds", "peak_memory_mib"}
"""What is measured, not computed."""


@pytest.fixture
def evaluate(contreg, six_pairs):
    common = ["--model", "none", "--data", "synthetic", "--cache", six_pairs, "-s", "preprocessing.spacing=0"]
    return lambda output, *more: contreg("evaluate", *common, "--output", output, *more)


def rows(folder):
    with (folder / "pairs.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in OWN} for row in csv.DictReader(file)]


def counts(contreg, folder):
    found = json.loads(contreg("status", folder, "--json").out)
    return [len(found[kind]) for kind in ("done", "failed", "missing")]


def test_workers_give_what_one_process_gives(evaluate, tmp_path):
    assert evaluate(tmp_path / "one").code == 0
    result = evaluate(tmp_path / "two", "--workers", "2")
    assert result.code == 0
    assert rows(tmp_path / "two") == rows(tmp_path / "one")
    assert "evaluate 6/6" in result.err


def test_shards_in_any_order_make_the_whole_and_the_last_writes_it(contreg, evaluate, tmp_path):
    evaluate(tmp_path / "whole")
    folder = tmp_path / "parts"
    for number, part in enumerate(("3/3", "1/3"), start=1):
        result = evaluate(folder, "--shard", part)
        assert result.code == 0
        assert f"part {part} is scored" in result.out
        assert not (folder / "summary.json").exists()
        assert counts(contreg, folder) == [2 * number, 0, 6 - 2 * number]
    assert "6 pairs" in evaluate(folder, "--shard", "2/3").out
    assert rows(folder) == rows(tmp_path / "whole")
    assert sorted(path.name for path in folder.iterdir()) == [
        "pairs.csv",
        "run.json",
        "summary.json",
        "work.jsonl",
    ]
    assert counts(contreg, folder) == [6, 0, 0]
    late = evaluate(folder, "--shard", "2/3")
    assert late.code == 0
    assert "6 pairs" in late.out


def test_a_scan_that_cannot_be_read_fails_its_pairs_only(contreg, evaluate, six_pairs, tmp_path):
    victim = sorted(next(six_pairs.iterdir()).glob("subjects/*.h5"))[-1]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-500])
    try:
        result = evaluate(tmp_path)
        assert result.code == 3
        assert "4 of 6 pairs failed" in result.error
        assert str(victim) in result.err
        assert counts(contreg, tmp_path) == [2, 4, 0]
        assert not (tmp_path / "summary.json").exists()
    finally:
        victim.write_bytes(whole)
    assert evaluate(tmp_path, "--retry-failed").code == 0
    assert counts(contreg, tmp_path) == [6, 0, 0]
