"""Mindboggle-101 from real little files in each of its layouts."""

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.mindboggle import Mindboggle
from contreg_core.errors import DataError, MissingError
from contreg_core.volume import Volume, axis_codes, with_orientation

SHAPE = (10, 12, 14)
PLACES = {1028: (3, 10, 8), 2028: (6, 10, 8), 1011: (3, 1, 6), 2011: (6, 1, 6)} | {
    1017: (3, 5, 12), 2017: (6, 5, 12), 1006: (3, 6, 1), 2006: (6, 6, 1), 1010: (1, 5, 6), 2010: (8, 5, 6)
}  # fmt: skip
"""Where labels lie in a RAS+ array: left is low."""
MNI, NATIVE = ".MNI152.nii.gz", ".nii.gz"


def brain(codes="RAS"):
    """Image and labels whose true axis codes are ``codes``."""
    labels = np.zeros(SHAPE, np.int16)
    for label, place in PLACES.items():
        labels[tuple(slice(p, p + 1) for p in place)] = label
    image = np.zeros(SHAPE, np.float32)
    image[1:-1, 1:-1, 1:-1] = np.random.default_rng(0).random([n - 2 for n in SHAPE]) + 0.5
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(codes)
    )
    return tuple(nib.orientations.apply_orientation(array, turn) for array in (image, labels))


def save(path, array, header="RAS"):
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = with_orientation(Volume(array, np.eye(4)), header).affine
    nib.Nifti1Image(array, affine).to_filename(path)


def subject(folder, suffix=MNI, labels="labels.DKT31.manual", codes="RAS", header="RAS", edit=None):
    image, label_map = brain(codes)
    save(folder / f"t1weighted_brain{suffix}", image, header)
    if labels:
        save(folder / f"{labels}{suffix}", label_map if edit is None else edit(label_map), header)


def load(root):
    cohort = Mindboggle(root)
    return cohort.load(cohort.scans()[0])


def wiped(labels, *ids):
    return np.where(np.isin(labels, ids), 0, labels).astype(np.int16)


@pytest.mark.parametrize(
    "places",
    [
        ("{}_volumes",) * 3,
        ("{}_volumes_in_MNI152",) * 3,
        ("Mindboggle101_volumes/{}_volumes",) * 3,
        ("data/Mindboggle101_volumes/{}_volumes",) * 3,
        ("",) * 3,
        ("all",) * 3,
    ],
)
def test_cohorts_make_the_published_split(tmp_path, places):
    deep = places[0].startswith("data")
    for cohort, numbers in {
        "OASIS-TRT-20": (10, 2),
        "NKI-TRT-20": (1,),
        "NKI-RS-22": (22,),
        "MMRR-21": (3,),
    }.items():
        for n in numbers:
            subject(tmp_path / places[0].format(cohort) / f"{cohort}-{n}")
    scans = Mindboggle(tmp_path / "data" if deep else tmp_path).scans()
    assert [(scan.id, scan.split) for scan in scans] == [
        ("NKI-RS-22-22", "train"),
        ("NKI-TRT-20-1", "train"),
        ("OASIS-TRT-20-2", "test"),
        ("OASIS-TRT-20-10", "test"),
    ]
    assert {scan.space for scan in scans} == {"MNI152"}
    assert scans[0].metadata["cohort"] == "NKI-RS-22"


def test_all_62_are_42_to_train_and_20_to_test(tmp_path):
    for cohort, count in {"NKI-RS-22": 22, "NKI-TRT-20": 20, "OASIS-TRT-20": 20}.items():
        for n in range(1, count + 1):
            folder = tmp_path / f"{cohort}_volumes" / f"{cohort}-{n}"
            folder.mkdir(parents=True)
            for name in ("t1weighted_brain", "labels.DKT31.manual"):
                (folder / f"{name}.MNI152.nii.gz").touch()
    scans = Mindboggle(tmp_path).scans()
    assert [scan.split for scan in scans] == ["train"] * 42 + ["test"] * 20
    assert [scan.id for scan in scans[41:43]] == ["NKI-TRT-20-20", "OASIS-TRT-20-1"]
    assert {scan.metadata["split"] for scan in scans} == {"by cohort: NKI trains, OASIS-TRT-20 tests"}


def test_without_oasis_nothing_is_tested_and_that_is_said(tmp_path):
    subject(tmp_path / "NKI-RS-22_volumes" / "NKI-RS-22-1")
    (scan,) = Mindboggle(tmp_path).scans()
    assert (scan.split, scan.metadata["split"]) == (
        "train",
        "NKI trains; OASIS-TRT-20, which tests, is not here",
    )


def test_the_cohort_folder_itself_and_oasis_alone(tmp_path):
    for n in (1, 10, 11, 20):
        subject(tmp_path / "OASIS-TRT-20_volumes" / f"OASIS-TRT-20-{n}")
    scans = Mindboggle(tmp_path / "OASIS-TRT-20_volumes").scans()
    assert [scan.split for scan in scans] == ["train", "train", "test", "test"]
    assert "1-10 train, 11-20 test" in scans[0].metadata["split"]


def test_mni152_is_preferred_and_said(tmp_path):
    folder = tmp_path / "OASIS-TRT-20-1"
    subject(folder, NATIVE)
    assert Mindboggle(tmp_path).scans()[0].space == "native"
    subject(folder, MNI)
    (scan,) = Mindboggle(tmp_path).scans()
    assert scan.image == folder / "t1weighted_brain.MNI152.nii.gz"
    assert scan.labels == folder / "labels.DKT31.manual.MNI152.nii.gz"
    assert "MNI152 files taken, native ones are there too" in load(tmp_path).notes


def test_native_and_mni152_folders_are_one_subject(tmp_path):
    subject(tmp_path / "OASIS-TRT-20_volumes" / "OASIS-TRT-20-1", NATIVE)
    subject(tmp_path / "OASIS-TRT-20_volumes_in_MNI152" / "OASIS-TRT-20-1", MNI)
    (scan,) = Mindboggle(tmp_path).scans()
    assert scan.space == "MNI152"


def test_labelled_files_before_unlabelled_ones(tmp_path):
    subject(tmp_path / "OASIS-TRT-20-1", NATIVE)
    subject(tmp_path / "OASIS-TRT-20-1", MNI, labels="")
    (scan,) = Mindboggle(tmp_path).scans()
    assert (scan.space, scan.labels is not None) == ("native", True)


def test_one_subject_twice(tmp_path):
    for folder in ("OASIS-TRT-20_volumes", "copy"):
        subject(tmp_path / folder / "OASIS-TRT-20-1")
    with pytest.raises(DataError, match="OASIS-TRT-20-1 is there twice"):
        Mindboggle(tmp_path)


def test_whole_brain_labels_beside_the_study(tmp_path):
    subject(tmp_path / "OASIS-TRT-20_volumes" / "OASIS-TRT-20-3", labels="")
    name = "OASIS-TRT-20-3_DKT31_CMA_labels_in_MNI152.nii.gz"
    save(tmp_path / "OASIS-TRT-20_DKT31_CMA_labels_in_MNI152_v2" / name, brain()[1])
    (scan,) = Mindboggle(tmp_path).scans()
    assert scan.labels is not None
    assert scan.labels.name == name


def test_labels_outside_dkt31_become_background(tmp_path):
    def aseg(labels):
        labels = labels.copy()
        labels[0, 0, :3], labels[1, 1, 1], labels[2, 2, 2] = 1033, 17, 1001
        return labels

    subject(tmp_path / "OASIS-TRT-20-1", labels="labels.DKT31.manual+aseg", edit=aseg)
    loaded = load(tmp_path)
    assert set(np.unique(loaded.labels.array)) == {0, *PLACES}
    assert any("17 (1 voxels), 1001 (1 voxels), 1033 (3 voxels)" in note for note in loaded.notes)
    assert np.array_equal(loaded.mask, brain()[0] > 0)


@pytest.mark.parametrize("true", ["RAS", "LAS", "ASL"])
@pytest.mark.parametrize("header", ["RAS", "LAS"])
def test_labels_overrule_the_header(tmp_path, true, header):
    subject(tmp_path / "OASIS-TRT-20-1", codes=true, header=header)
    loaded = load(tmp_path)
    assert np.array_equal(loaded.labels.array, brain()[1])
    assert np.array_equal(loaded.image.array, brain()[0])
    assert axis_codes(loaded.image.affine) == "RAS"
    said = "header and labels agree" if true == header else f"header says {header}, the labels say {true}"
    assert any(said in note for note in loaded.notes)


@pytest.mark.parametrize("ids", [(1028, 2028), (1006, 2006)])
def test_labels_that_cannot_tell_the_axes(tmp_path, ids):
    subject(tmp_path / "OASIS-TRT-20-1", edit=lambda labels: wiped(labels, *ids))
    with pytest.raises(DataError, match=f"lacks labels \\[{ids[0]}, {ids[1]}\\]"):
        load(tmp_path)


def test_the_dkt25_file_beside_is_compared(tmp_path):
    subject(tmp_path / "OASIS-TRT-20-1")
    merged = brain()[1]
    merged[merged == 1010] = 1002
    save(tmp_path / "OASIS-TRT-20-1" / "labels.DKT25.manual.MNI152.nii.gz", merged)
    assert any("labels.DKT25.manual.MNI152.nii.gz in 1 voxels" in note for note in load(tmp_path).notes)
    save(tmp_path / "OASIS-TRT-20-1" / "labels.DKT25.manual.MNI152.nii.gz", merged[1:])
    assert any("could not be compared" in note for note in load(tmp_path).notes)


def test_nothing_found_says_what_to_do(tmp_path):
    with pytest.raises(MissingError, match="--source"):
        Mindboggle().scans()
    with pytest.raises(MissingError, match="no such folder"):
        Mindboggle(tmp_path / "none").scans()
    with pytest.raises(MissingError, match="OASIS-TRT-20_volumes/OASIS-TRT-20-1"):
        Mindboggle(tmp_path).scans()
    subject(tmp_path / "MMRR-21_volumes" / "MMRR-21-1")
    with pytest.raises(MissingError, match="in no published split"):
        Mindboggle(tmp_path).scans()
    (tmp_path / "OASIS-TRT-20_volumes.tar.gz").touch()
    with pytest.raises(MissingError, match="unpack OASIS-TRT-20_volumes"):
        Mindboggle(tmp_path).scans()
