"""The real study, where a person has put it: the ``.data`` folder beside the code, or ``CONTREG_LPBA40``."""

import os
from pathlib import Path

import numpy as np
import pytest

from contreg_adapters.lpba40 import Lpba40
from contreg_core.preprocessing.apply import preprocess
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.volume import axis_codes

SOURCE = Path(os.environ.get("CONTREG_LPBA40", Path(__file__).parents[2] / ".data"))


@pytest.fixture(scope="module")
def cohort():
    found = Lpba40(SOURCE)
    if found.found is None or found.found.layout != "derived":
        pytest.skip("the derived copy of LPBA40 is not on this machine (set CONTREG_LPBA40)")
    return found


def test_forty_subjects_in_the_published_split(cohort):
    scans = cohort.scans()
    assert [scan.id for scan in scans] == [f"S{n:02d}" for n in range(1, 41)]
    assert [scan.split for scan in scans] == ["train"] * 30 + ["test"] * 10
    assert all(scan.labels is not None for scan in scans)


@pytest.mark.parametrize("index", [0, 18, 31])
def test_the_inverted_header_is_found_and_noted(cohort, index):
    loaded = cohort.load(cohort.scans()[index])
    assert loaded.image.array.shape == (160, 192, 160)
    assert axis_codes(loaded.image.affine) == "RAS"
    assert "header says LPS, the labels say RAS" in loaded.notes[-1]
    assert len(np.unique(loaded.labels.array)) == 57
    assert 0.15 < loaded.mask.mean() < 0.35
    done = preprocess(loaded, Preprocessing())
    assert done.image.array.shape == (80, 96, 80)
    assert 0.5 < done.image.array[done.mask].mean() < 0.75
