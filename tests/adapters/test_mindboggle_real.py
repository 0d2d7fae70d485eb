"""The real study, where a person has put it: ``shared/data`` beside the checkout, or ``CONTREG_MINDBOGGLE``."""

import os
from pathlib import Path

import numpy as np
import pytest

from contreg_adapters.mindboggle import Mindboggle
from contreg_core.cohort import Protocol
from contreg_core.evaluation.overlap import confusion, mean_present

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "mindboggle"
SOURCE = Path(os.environ.get("CONTREG_MINDBOGGLE", BESIDE))


@pytest.fixture(scope="module")
def cohort():
    found = Mindboggle(SOURCE)
    if len(found.found) < 14:
        pytest.skip("the OASIS-TRT-20 subjects are not on this machine (set CONTREG_MINDBOGGLE)")
    return found


@pytest.fixture(scope="module")
def two(cohort):
    return [cohort.load(scan) for scan in cohort.scans()[10:12]]


def test_fourteen_subjects_are_found(cohort):
    scans = [scan for scan in cohort.scans() if scan.id.startswith("OASIS-TRT-20")]
    assert [scan.id for scan in scans[:14]] == [f"OASIS-TRT-20-{n}" for n in range(1, 15)]
    assert {scan.space for scan in scans} == {"MNI152"}


def test_orientation_and_labels(two):
    for loaded in two:
        assert loaded.image.array.shape == (160, 192, 160)
        assert any("header and labels agree" in note for note in loaded.notes)
        assert len(np.unique(loaded.labels.array)) == 63
        assert 0.15 < loaded.mask.mean() < 0.5


def test_native_labels_turn_and_merge_to_the_dkt25_file(cohort):
    native = cohort.scans()[0].image.parent
    if not (native / "labels.DKT25.manual.nii.gz").is_file():
        pytest.skip("no native files of the first subject")
    scan = cohort.scans()[0]
    files = {kind: native / name for kind, name in NATIVE.items()}
    loaded = cohort.load(type(scan)(scan.id, scan.subject, scan.split, **files))
    assert any("orientation ASL: header and labels agree" in note for note in loaded.notes)
    assert any("labels.DKT25.manual.nii.gz in 0 voxels" in note for note in loaded.notes)


NATIVE = {"image": "t1weighted_brain.nii.gz", "labels": "labels.DKT31.manual.nii.gz"}


def test_overlap_before_any_deformable_step(cohort, two):
    protocol: Protocol = cohort.protocols()[0]
    dice = confusion(two[0].labels.array, two[1].labels.array, protocol.labels).label_dice()
    assert 0.25 < mean_present(dice.values()) < 0.45  # 0.347 on average over pairs
