"""A folder of label maps: what is a scan, how it is painted, what is refused."""

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.label_maps import LabelMaps
from contreg_adapters.label_maps.cohort import freesurfer, painted
from contreg_core.conformance import check_cohort
from contreg_core.errors import DataError, MissingError


def written(folder, *, ids=(2, 3, 41, 42), names=("b.nii.gz", "a.nii", "c.mgz")):
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        labels = np.zeros((9, 10, 11), np.int32)
        for k, id_ in enumerate(ids):
            labels[2 + k, 2 : 8 - number, 3:8] = id_
        image = nib.MGHImage if name.endswith("mgz") else nib.Nifti1Image
        image(labels, np.diag([1.0, 1, 1, 1])).to_filename(folder / name)
    return folder


def test_it_keeps_the_laws_of_a_cohort(tmp_path):
    assert check_cohort(LabelMaps, written(tmp_path / "maps")).held


def test_every_file_is_a_training_scan(tmp_path):
    folder = written(tmp_path / "maps")
    (folder / "readme.txt").write_text("no label map")
    scans = LabelMaps(folder).scans()
    assert [(scan.id, scan.split) for scan in scans] == [("a", "train"), ("b", "train"), ("c", "train")]


def test_the_image_is_the_map_painted_t1_weighted(tmp_path):
    cohort = LabelMaps(written(tmp_path / "maps"))
    loaded = cohort.load(cohort.scans()[0])
    labels, image = loaded.labels.array, loaded.image.array
    assert set(np.unique(labels)) == {0, 2, 3, 41, 42}
    assert (loaded.mask == (labels > 0)).all()
    assert image.dtype == np.float32
    assert len(set(image[labels == 2])) == 1
    assert image[labels == 2].mean() == image[labels == 41].mean() > image[labels == 3].mean() > 0
    assert not image[labels == 0].any()


def test_regions_are_tissues_of_both_sides_and_an_unknown_id_is_its_own(tmp_path):
    cohort = LabelMaps(written(tmp_path / "maps", ids=(2, 41, 9001)))
    (protocol,) = cohort.protocols()
    assert protocol.regions == {"white matter": (2, 41), "label 9001": (9001,)}
    assert [label.side for label in cohort.label_table()] == ["L", "R", ""]


def test_ids_that_freesurfer_does_not_have_are_told_apart():
    values = painted(np.array([0, 9001, 9002, 9003]))
    assert values[0] == 0
    assert len(set(values[1:])) == 3
    assert ((values[1:] >= 0.2) & (values[1:] <= 0.9)).all()


def test_the_table_names_each_id_once():
    ids = [row.label.id for row, _ in freesurfer()]
    assert len(set(ids)) == len(ids)
    assert all(0 < value < 1 for _, value in freesurfer())


def test_what_is_no_study_of_label_maps(tmp_path):
    with pytest.raises(MissingError, match="needs a folder"):
        LabelMaps().scans()
    with pytest.raises(MissingError, match=r"nowhere is no folder"):
        LabelMaps(tmp_path / "nowhere").scans()
    with pytest.raises(MissingError, match=r"no file \*.nii.gz"):
        LabelMaps(tmp_path).scans()


def test_a_map_without_a_label(tmp_path):
    cohort = LabelMaps(written(tmp_path / "maps", ids=()))
    with pytest.raises(DataError, match="a.nii: no label"):
        cohort.load(cohort.scans()[0])
