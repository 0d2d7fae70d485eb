"""A cache that is prepared anew keeps its name: scores of what was in it before are never those of what is now."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from contreg_core.cache import CachedCohort
from contreg_core.cache.subject_file import read_subject, write_subject
from contreg_core.preprocessing.apply import ProcessedScan
from contreg_core.volume import Volume

NONE = ["evaluate", "--model", "none", "--data", "synthetic", "-s", "preprocessing.spacing=0"]


@pytest.fixture
def root(cache: Path, tmp_path: Path) -> Path:
    """A cache that a test may change."""
    return shutil.copytree(cache, tmp_path / "cache")


def mend(root: Path, split: str = "test") -> str:
    """As prepare does of a source that has changed: the same id and key form, other labels; returns the id."""
    cohort = CachedCohort.open(next(root.glob("synthetic-*")))
    scan = next(one for one in cohort.scans if one.split == split)
    old = read_subject(cohort.path(scan.id))
    assert old.labels is not None
    labels = Volume(np.roll(old.labels, 3, axis=1), old.affine)
    made = ProcessedScan(Volume(old.image, old.affine), labels, old.mask, ())
    write_subject(cohort.path(scan.id), made, "another key")
    replace(cohort).save()
    return scan.id


def summary(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "summary.json").read_text()))


def test_other_scans_are_another_evaluation(contreg, root, tmp_path):
    options = ["--cache", root, "--output", tmp_path / "scores"]
    assert contreg(*NONE, *options).code == 0
    before = summary(tmp_path / "scores")
    assert contreg(*NONE, *options).code == 0
    assert summary(tmp_path / "scores")["fingerprint"] == before["fingerprint"]
    mend(root)
    assert contreg(*NONE, *options).code == 0
    after = summary(tmp_path / "scores")
    assert after["fingerprint"] != before["fingerprint"]
    assert after["dice"] != before["dice"]


def test_shards_before_and_after_do_not_make_one_evaluation(contreg, root, tmp_path):
    options = ["--cache", root, "--output", tmp_path / "scores"]
    assert contreg(*NONE, *options, "--shard", "1/2").code == 0
    mend(root)
    assert contreg(*NONE, *options, "--shard", "2/2").code == 0
    assert not (tmp_path / "scores" / "summary.json").exists()
    assert contreg(*NONE, *options, "--shard", "1/2").code == 0
    assert contreg(*NONE, "--cache", root, "--output", tmp_path / "whole").code == 0
    assert summary(tmp_path / "scores")["dice"] == summary(tmp_path / "whole")["dice"]


def test_scores_of_old_data_are_not_compared_with_those_of_new(contreg, root, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    assert contreg(*NONE, "--cache", root, "--output", old).code == 0
    mended = mend(root)
    assert contreg(*NONE, "--cache", root, "--output", new).code == 0
    refused = contreg("compare", old, new)
    assert (refused.code, mended in refused.error, "old data" in refused.error) == (78, True, True)
    assert contreg("compare", old, new, "--across-caches").code == 0
    assert contreg("compare", new, shutil.copytree(new, tmp_path / "again")).code == 0


def test_evaluations_that_do_not_tell_their_scans_are_read_with_a_word(contreg, root, tmp_path):
    told, untold = tmp_path / "told", tmp_path / "untold"
    assert contreg(*NONE, "--cache", root, "--output", told).code == 0
    record = json.loads((shutil.copytree(told, untold) / "run.json").read_text())
    del record["scans"]
    (untold / "run.json").write_text(json.dumps(record))
    found = contreg("compare", told, untold)
    assert found.code == 0
    assert f"warning: {untold}: does not tell the sums of its scans" in found.err
    (untold / "run.json").unlink()
    assert "does not tell" in contreg("compare", told, untold).err
    assert "does not tell" not in contreg("compare", told, told).err


def test_training_does_not_go_on_with_other_scans(contreg, root, small, tmp_path):
    fit = ["fit", *small, "--cache", root, "--run", tmp_path / "run", "--steps", "3"]
    assert contreg(*fit).code == 0
    mended = mend(root, "train")
    refused = contreg(*fit)
    assert (refused.code, f"other data (scan {mended} differ" in refused.error) == (78, True)


def test_an_older_cache_has_the_same_sums(contreg, root, tmp_path):
    options = ["--cache", root, "--output", tmp_path / "scores"]
    assert contreg(*NONE, *options).code == 0
    before = summary(tmp_path / "scores")["fingerprint"]
    for path in root.glob("*/subjects/*.h5"):
        with h5py.File(path, "r+") as file:
            del file.attrs["content"]
    assert contreg(*NONE, *options).code == 0
    assert summary(tmp_path / "scores")["fingerprint"] == before
