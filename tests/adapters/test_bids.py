"""A BIDS derivative from real little files: what is chosen, what is refused, and how it says so."""

import json

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.bids import Bids
from contreg_core.errors import DataError, MissingError, UsageError

SHAPE = (6, 7, 8)
MNI = "space-MNI_res-2_"


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(array, np.eye(4)).to_filename(path)


def write(folder, scan, space=MNI, *, mask=True, dseg=("",)):
    """One scan with its skull: the image is above 0 everywhere, labels 3 and 7 in the brain."""
    subject, _, session = scan.partition("_")
    anat = folder / subject / session / "anat" if session else folder / subject / "anat"
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:4, 2:4, 2:4], labels[4, 4, 4] = 3, 7
    image = np.random.default_rng(len(scan)).random(SHAPE).astype(np.float32) + 1
    save(anat / f"{scan}_{space}desc-preproc_T1w.nii.gz", image)
    if mask:
        save(anat / f"{scan}_{space}desc-brain_mask.nii.gz", np.uint8(labels > 0))
    for kind in dseg:
        save(anat / f"{scan}_{space}{kind}dseg.nii.gz", labels)
    return anat


def describe(folder, kind="derivative"):
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"Name": "x", "BIDSVersion": "1.9.0", "DatasetType": kind, "GeneratedBy": []})
    (folder / "dataset_description.json").write_text(text)


@pytest.fixture
def five(tmp_path):
    """Five subjects in MNI space and in their own."""
    describe(tmp_path)
    for n in range(1, 6):
        write(tmp_path, f"sub-{n:02d}")
        write(tmp_path, f"sub-{n:02d}", "")
    return tmp_path


def test_the_space_of_all_is_chosen(five):
    scans = Bids(five).scans()
    assert [scan.id for scan in scans] == [f"sub-{n:02d}" for n in range(1, 6)]
    assert scans[0].image.name == "sub-01_space-MNI_res-2_desc-preproc_T1w.nii.gz"
    assert scans[0].mask.name == "sub-01_space-MNI_res-2_desc-brain_mask.nii.gz"
    assert scans[0].labels.name == "sub-01_space-MNI_res-2_dseg.nii.gz"
    assert {scan.space for scan in scans} == {"space-MNI_res-2"}


@pytest.mark.parametrize("knobs", [{"space": "none"}, {"space": "none", "res": "none"}])
def test_files_without_a_space_may_be_asked_for(five, knobs):
    scan = Bids(five, **knobs).scans()[0]
    assert [p.name for p in (scan.image, scan.mask, scan.labels)] == [
        f"sub-01_{kind}.nii.gz" for kind in ("desc-preproc_T1w", "desc-brain_mask", "dseg")
    ]


def test_the_mask_is_applied(five):
    cohort = Bids(five)
    loaded = cohort.load(cohort.scans()[0])
    assert loaded.mask.sum() == 9
    assert np.array_equal(loaded.image.array != 0, loaded.mask)
    assert "the brain mask was applied" in loaded.notes


def refused(cohort, kind=UsageError):
    with pytest.raises(kind) as caught:
        cohort.scans()
    return str(caught.value)


def test_two_spaces_of_all_are_refused_with_a_list(five):
    for n in range(1, 6):
        write(five, f"sub-{n:02d}", "space-other_")
    said = refused(Bids(five))
    assert "space-MNI_res-2 (5 of 5 scans)" in said
    assert "space-other (5 of 5 scans)" in said
    assert "-s cohort.space=" in said
    assert Bids(five, space="other").scans()[0].image.name == "sub-01_space-other_desc-preproc_T1w.nii.gz"
    assert {scan.space for scan in Bids(five, res="2").scans()} == {"space-MNI_res-2"}


def test_no_kind_that_all_have_is_refused_and_a_choice_leaves_the_others_out(tmp_path):
    describe(tmp_path)
    write(tmp_path, "sub-1", "space-a_")
    write(tmp_path, "sub-2", "space-b_run-2_")
    assert "no image of one kind fits all scans; there are space-a (1 of 2 scans)" in refused(Bids(tmp_path))
    assert [scan.id for scan in Bids(tmp_path, space="a").scans()] == ["sub-1"]
    assert [scan.id for scan in Bids(tmp_path, select="run-2").scans()] == ["sub-2"]
    assert "space-a" in refused(Bids(tmp_path, space="c"))


def test_another_contrast_and_desc(five):
    said = refused(Bids(five, desc="denoised"), MissingError)
    assert "no image desc-denoised T1w; there are desc-preproc T1w" in said
    save(five / "sub-01" / "anat" / "sub-01_T2w.nii.gz", np.ones(SHAPE, np.float32))
    (scan,) = Bids(five, suffix="T2w", desc="none").scans()
    assert scan.image.name == "sub-01_T2w.nii.gz"


def test_of_several_label_maps_one_must_be_named(tmp_path):
    describe(tmp_path)
    for n in (1, 2, 3):
        write(tmp_path, f"sub-{n}", dseg=("", "desc-aseg_", "atlas-DKT_"))
    said = refused(Bids(tmp_path))
    assert "none (3 of 3 scans), atlas-DKT (3 of 3 scans), desc-aseg (3 of 3 scans)" in said
    assert "-s cohort.labels=" in said
    for asked, name in {"none": "", "desc-aseg": "desc-aseg_", "atlas-DKT": "atlas-DKT_"}.items():
        assert Bids(tmp_path, labels=asked).scans()[0].labels.name == f"sub-1_{MNI}{name}dseg.nii.gz"
    assert "no label map 'desc-x'" in refused(Bids(tmp_path, labels="desc-x"))


def test_sessions_never_straddle_a_split(tmp_path):
    describe(tmp_path)
    for n in range(1, 9):
        for session in ("ses-a", "ses-b"):
            write(tmp_path, f"sub-{n}_{session}")
    scans = Bids(tmp_path).scans()
    assert [scan.id for scan in scans[:2]] == ["sub-1_ses-a", "sub-1_ses-b"]
    splits = {}
    for scan in scans:
        splits.setdefault(scan.subject, set()).add(scan.split)
    assert all(len(each) == 1 for each in splits.values())
    assert sum(each == {"test"} for each in splits.values()) == 2
    drawn = {tuple(scan.split for scan in Bids(tmp_path, seed=seed).scans()) for seed in range(6)}
    assert len(drawn) > 1
    assert [scan.split for scan in Bids(tmp_path, seed=3).scans()] == [
        scan.split for scan in Bids(tmp_path, seed=3).scans()
    ]


@pytest.mark.parametrize("above", [False, True])
def test_splits_from_participants(tmp_path, above):
    source = tmp_path / "derivatives" / "brains"
    describe(source)
    for n in (1, 2, 3):
        write(source, f"sub-{n}")
    rows = "participant_id\tage\tsplit\nsub-1\t30\ttest\n2\t31\ttrain\nsub-3\tn/a\tvalidation\nsub-4\t3\tx\n"
    table = (tmp_path if above else source) / "participants.tsv"
    table.write_text(rows)
    assert [scan.split for scan in Bids(source).scans()] == ["test", "train", "validation"]
    table.write_text(rows.replace("train", "n/a").replace("validation", "exam") + "sub-1\t30\ttrain\n")
    said = refused(Bids(source), DataError)
    for part in ("3 problems", "sub-1 is in splits test, train", "no split for sub-2", "'exam' of sub-3"):
        assert part in said
    table.write_text("participant_id\nsub-1\n")
    assert "drawn by seed 0" in Bids(source).scans()[0].metadata["split"]


TABLE = (
    "index\tname\tcolor\n0\tBackground\t#000000\n3\tstem\t#010203\n7\tgyrus\tn/a\n99\tnever seen\t#ffffff\n"
)


def test_the_label_table_names_what_occurs(five):
    (five / "dseg.tsv").write_text(TABLE)
    cohort = Bids(five)
    assert [(label.id, label.name) for label in cohort.label_table()] == [(3, "stem"), (7, "gyrus")]
    assert cohort.protocols()[0].regions == {"stem": (3,), "gyrus": (7,)}
    assert cohort.protocols()[0].name == "bids/contreg"
    (five / "dseg.tsv").write_text("index\tname\n3\tstem\n")
    loaded = Bids(five).load(cohort.scans()[0])
    assert set(np.unique(loaded.labels.array)) == {0, 3}
    (five / "dseg.tsv").write_text("index\tname\n5\tno such\n")
    with pytest.raises(DataError, match="no row for any label"):
        Bids(five).label_table()
    (five / "dseg.tsv").write_text("index\tname\nx\tstem\n")
    assert "index 'x'" in refused(Bids(five), DataError)


def test_tables_are_inherited(five):
    """The table beside a label map before one above it, the one that says more before the one that says less."""
    (five / "dseg.tsv").write_text("index\tname\n3\tplain\n")
    (five / "space-MNI_dseg.tsv").write_text("index\tname\n3\tin space\n")
    (five / "desc-aseg_dseg.tsv").write_text("index\tname\n3\tof another\n")
    assert [label.name for label in Bids(five).label_table()] == ["in space"]
    for n in range(1, 6):
        beside = five / f"sub-{n:02d}" / "anat" / f"sub-{n:02d}_{MNI}dseg.tsv"
        beside.write_text("index\tname\n3\tbeside\n")
    assert [label.name for label in Bids(five).label_table()] == ["beside"]
    beside.write_text("index\tname\n3\tdifferent\n")
    assert "differ, expected one label table" in refused(Bids(five), DataError)


def test_without_a_table_labels_are_those_found(five):
    assert [(label.id, label.name) for label in Bids(five).label_table()] == [(3, "label 3"), (7, "label 7")]


def test_without_label_maps(tmp_path):
    describe(tmp_path)
    for n in (1, 2, 3):
        write(tmp_path, f"sub-{n}", dseg=())
    cohort = Bids(tmp_path)
    assert cohort.scans()[0].metadata["labels"] == "none"
    assert cohort.load(cohort.scans()[0]).labels is None
    assert cohort.label_table() == ()


@pytest.mark.parametrize(
    ("sidecar", "said"),
    [
        ({}, "100% of it is not 0"),
        ({"SkullStripped": False}, "SkullStripped: false"),
        ({"SkullStripped": True}, ""),
    ],
)
def test_an_image_without_a_mask(tmp_path, sidecar, said):
    describe(tmp_path)
    anat = write(tmp_path, "sub-1", mask=False)
    (anat / f"sub-1_{MNI}desc-preproc_T1w.json").write_text(json.dumps(sidecar))
    cohort = Bids(tmp_path)
    if said:
        with pytest.raises(DataError, match=said):
            cohort.load(cohort.scans()[0])
    else:
        assert "no brain mask" in cohort.load(cohort.scans()[0]).notes[-1]


def test_two_masks_are_refused(tmp_path):
    describe(tmp_path)
    anat = write(tmp_path, "sub-1")
    for kind in ("label-x", "label-y"):
        save(anat / f"sub-1_{MNI}{kind}_desc-brain_mask.nii.gz", np.ones(SHAPE, np.uint8))
    assert "several masks fit" in refused(Bids(tmp_path), DataError)


def test_what_is_no_derivative(tmp_path):
    assert "--source" in refused(Bids(), MissingError)
    assert "no such folder" in refused(Bids(tmp_path / "none"), MissingError)
    assert "no dataset_description.json" in refused(Bids(tmp_path), MissingError)
    describe(tmp_path)
    assert "no volume; looked for sub-*/anat/" in refused(Bids(tmp_path), MissingError)
    describe(tmp_path, "raw")
    describe(tmp_path / "derivatives" / "brains")
    said = refused(Bids(tmp_path), DataError)
    assert "DatasetType is 'raw'" in said
    assert "name one of derivatives/brains" in said
    (tmp_path / "dataset_description.json").write_text("[")
    assert "no readable JSON" in refused(Bids(tmp_path), DataError)
    (tmp_path / "dataset_description.json").write_text("[]")
    assert "expected a JSON object" in refused(Bids(tmp_path), DataError)
    assert Bids().label_table() == ()
    assert Bids().protocols()[0].labels == ()


def test_foreign_names_are_passed_over(five):
    anat = five / "sub-01" / "anat"
    for name in ("sub-01_T1w_copy of.nii.gz", "notes.nii", "sub-01_desc_T1w.nii.gz", "sub-01_T1w.nii.gz~"):
        (anat / name).write_text("not read")
    assert len(Bids(five).scans()) == 5
