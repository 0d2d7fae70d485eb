"""The cohort on disk in LPBA40's layouts, read back with nibabel and by the LPBA40 adapter."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.lpba40 import Lpba40
from contreg_adapters.synthetic import Synthetic, write_layout
from contreg_adapters.synthetic.layouts import numbering
from contreg_core.errors import OutputError, UsageError


@pytest.fixture(scope="module")
def cohort() -> Synthetic:
    return Synthetic(subjects=4, size=(40, 50, 40))


@pytest.fixture(scope="module")
def grown(cohort):
    return [cohort.load(scan) for scan in cohort.scans()]


@pytest.fixture(scope="module")
def roots(cohort, tmp_path_factory):
    return {n: write_layout(cohort, tmp_path_factory.mktemp(f"layout{n}"), n) for n in (1, 3, 4)}


def _array(path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def test_numbers_follow_the_split_of_the_study(cohort):
    assert numbering(cohort) == {"S01": 1, "S02": 2, "S03": 31, "S04": 32}
    assert list(numbering(Synthetic()).values()) == [*range(1, 9), *range(31, 35)]
    with pytest.raises(UsageError, match="do not fit"):
        numbering(Synthetic(subjects=33))


@pytest.mark.parametrize("layout", [1, 3, 4])
def test_the_lpba40_adapter_reads_what_was_written(roots, cohort, grown, layout):
    adapter = Lpba40(roots[layout])
    scans = {(scan.subject, scan.space): scan for scan in adapter.scans()}
    assert {subject for subject, _ in scans} == {"S01", "S02", "S31", "S32"}
    assert len(scans) == (8 if layout == 3 else 4)
    for scan, loaded in zip(cohort.scans(), grown, strict=True):
        name = f"S{numbering(cohort)[scan.id]:02d}"
        found = scans[name, name if layout == 3 else ""]
        assert found.split == scan.split
        _compare(layout, adapter.load(found).labels.array, loaded.labels.array)


def _compare(layout: int, read: np.ndarray, grown: np.ndarray) -> None:
    if layout == 3:
        # Posed: the same brain, left still left, but turned by some degrees.
        assert 0.3 < (read == grown)[grown > 0].mean() < 0.95
    else:
        np.testing.assert_array_equal(read, grown)


def test_analyze_delineations_run_right_back_and_down(roots, grown, tmp_path):
    folder = roots[1] / "S31"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"S31.delineation.{kind}.{suffix}"
        for kind in ("skullstripped", "structure.label")
        for suffix in ("hdr", "img.gz")
    ]
    for path in folder.glob("*.img.gz"):
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        header = path.with_suffix("").with_suffix(".hdr")
        (tmp_path / header.name).write_bytes(header.read_bytes())
    labels = _array(tmp_path / "S31.delineation.structure.label.img")
    np.testing.assert_array_equal(labels[:, ::-1, ::-1, 0], grown[2].labels.array)
    image = _array(tmp_path / "S31.delineation.skullstripped.img")
    assert np.abs(image[:, ::-1, ::-1, 0] - grown[2].image.array).max() <= 0.5
    assert (roots[1] / "lpba40.label.xml").read_text(encoding="utf-8").count("<label id=") == 56


def test_rigid_pairs_share_the_space_of_the_second_number(roots):
    images, labels = (roots[3] / f"LPBA40_rigidly_registered_{kind}" for kind in ("pairs", "label_pairs"))
    numbers = (1, 2, 31, 32)
    expected = {f"l{i}_to_l{j}.{suffix}" for i in numbers for j in numbers for suffix in ("hdr", "img")}
    assert {path.name for path in images.iterdir()} == {path.name for path in labels.iterdir()} == expected
    own, other = (_array(labels / f"l1_to_l{j}.img")[..., :40] for j in (1, 2))
    overlap = 2 * ((own > 0) & (other > 0)).sum() / ((own > 0).sum() + (other > 0).sum())
    assert 0.6 < overlap < 0.97


def test_the_derived_copy_calls_right_left(roots, grown):
    root = roots[4]
    image = nib.load(root / "fixed.nii.gz")
    assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
    assert not image.affine[:3, 3].any()
    values, labels = image.get_fdata(), _array(root / "label" / "S01.delineation.structure.label.nii.gz")
    assert (values.min(), values.max()) == (0, 1)
    np.testing.assert_array_equal(labels[:, ::-1], grown[0].labels.array)
    assert np.argwhere(labels == 21)[:, 0].mean() < np.argwhere(labels == 22)[:, 0].mean()
    assert not values[np.isin(labels, (181, 182))].any()
    assert [path.name for path in sorted((root / "train").iterdir())] == ["S31.nii.gz", "S32.nii.gz"]
    assert [path.name for path in sorted((root / "test").iterdir())] == ["S02.nii.gz"]


def test_an_unknown_layout_and_a_blocked_folder_are_refused(cohort, tmp_path):
    with pytest.raises(UsageError, match="expected 1, 3 or 4"):
        write_layout(cohort, tmp_path, 2)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        write_layout(cohort, blocked, 1)
