"""The cohort on disk as Mindboggle-101, read back by the Mindboggle adapter."""

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.mindboggle import Mindboggle
from contreg_adapters.mindboggle.labels import label_table, structures
from contreg_adapters.synthetic import Synthetic, write_mindboggle
from contreg_adapters.synthetic.dkt31 import ASEG, PARCELS, dkt31
from contreg_adapters.synthetic.mindboggle import subject_names
from contreg_core.errors import OutputError, UsageError


@pytest.fixture(scope="module")
def cohort() -> Synthetic:
    return Synthetic(subjects=3, size=(40, 50, 40))


@pytest.fixture(scope="module")
def grown(cohort):
    return [cohort.load(scan).labels.array for scan in cohort.scans()]


@pytest.fixture(scope="module")
def root(cohort, tmp_path_factory):
    return write_mindboggle(cohort, tmp_path_factory.mktemp("mindboggle"))


def test_every_label_of_dkt31_has_a_parcel():
    assert {id_ for _, ids in PARCELS.values() for id_ in ids} == {
        row.id for row in label_table() if row.id < 2000
    }


def test_cut_parcels_stay_in_their_lobes(grown):
    """All 62 labels are there; where LPBA40 and FAIM name the same lobe of a parcel, the cut one keeps it."""
    named = dkt31(grown[0])
    assert set(np.unique(named)) == {0, *(row.id for row in label_table())}
    regions = {row.label.id: row.region for row in structures()}
    assert all(regions[id_] == "temporal" for id_ in np.unique(named[np.isin(grown[0], (83, 84, 85, 86))]))
    assert np.array_equal(named > 0, np.isin(grown[0], [lpba40 + k for lpba40 in PARCELS for k in (-1, 0)]))


def test_parts_lie_in_order_along_their_axis(grown):
    named = dkt31(grown[0])

    def centre(id_, axis):
        return np.nonzero(named == id_)[axis].mean()

    for base in (0, 1000):
        cingulate = [centre(id_ + base, 1) for id_ in (1010, 1023, 1002, 1026)]
        assert cingulate == sorted(cingulate)
        assert centre(1021 + base, 2) < centre(1005 + base, 2)
    assert centre(1024, 0) < centre(1017, 0) < centre(2017, 0) < centre(2024, 0)


def test_aseg_names_the_rest(grown):
    named = dkt31(grown[0], aseg=True)
    assert {int(id_) for id_ in np.unique(named) if id_ < 1000} == {0, *ASEG.values()}
    assert np.array_equal(named > 0, grown[0] > 0)


def test_the_adapter_reads_what_was_written(root, cohort, grown):
    adapter = Mindboggle(root)
    assert [(scan.id, scan.split) for scan in adapter.scans()] == [
        ("NKI-RS-22-1", "train"),
        ("NKI-TRT-20-1", "train"),
        ("OASIS-TRT-20-1", "test"),
    ]
    for scan, theirs in zip(adapter.scans(), grown, strict=True):
        loaded = adapter.load(scan)
        assert any("orientation LAS: header and labels agree" in note for note in loaded.notes)
        np.testing.assert_allclose(loaded.image.affine, cohort.grid.affine, atol=1e-4)
        expected = dkt31(theirs)
        differs = loaded.labels.array != expected
        assert differs.sum() == (2 if scan.split == "test" else 0)
        assert set(expected[differs]) <= {1014}
    assert any("1032 (2 voxels)" in note for note in loaded.notes)
    assert any("labels.DKT25.manual.MNI152.nii.gz in 0 voxels" in note for note in loaded.notes)


def test_files_are_those_of_the_study(root):
    names = {path.parent.name: path.name for path in root.rglob("labels.DKT31*")}
    assert names["NKI-TRT-20-1"] == "labels.DKT31.manual+aseg.MNI152.nii.gz"
    assert names["OASIS-TRT-20-1"] == "labels.DKT31.manual.MNI152.nii.gz"
    image = nib.load(root / "OASIS-TRT-20_volumes" / "OASIS-TRT-20-1" / "t1weighted_brain.MNI152.nii.gz")
    assert nib.aff2axcodes(image.affine) == ("L", "A", "S")


def test_numbers_follow_the_split_of_the_study():
    assert list(subject_names(Synthetic(subjects=6)).values()) == [
        "NKI-RS-22-1", "NKI-TRT-20-1", "NKI-RS-22-2", "NKI-TRT-20-2", "OASIS-TRT-20-1", "OASIS-TRT-20-2"
    ]  # fmt: skip
    alone = subject_names(Synthetic(subjects=3), "oasis")
    assert list(alone.values()) == ["OASIS-TRT-20-1", "OASIS-TRT-20-2", "OASIS-TRT-20-11"]
    for subjects, studies in ((63, "three"), (18, "oasis")):
        with pytest.raises(UsageError, match="expected at most"):
            subject_names(Synthetic(subjects=subjects), studies)


def test_a_blocked_folder_is_refused(cohort, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        write_mindboggle(cohort, blocked)
