"""A cohort from a CSV file, its label table, and everything wrong with either told at once."""

import nibabel as nib
import numpy as np
import pytest

from contreg_adapters.manifest import Manifest
from contreg_core.errors import DataError, MissingError

SHAPE = (6, 7, 8)


def volumes(folder, names="abcde"):
    """``a.nii`` and ``a_labels.nii`` with labels 3 and 7, ``a_mask.nii``, and so on."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:4, 2:4, 2:4], labels[4, 4, 4] = 3, 7
    for n, name in enumerate(names):
        image = np.random.default_rng(n).random(SHAPE).astype(np.float32)
        for kind, array in {"": image, "_labels": labels, "_mask": np.uint8(labels > 0)}.items():
            nib.Nifti1Image(array, np.eye(4)).to_filename(folder / f"{name}{kind}.nii")


def manifest(folder, text, *, name="scans.csv", encoding="utf-8"):
    (folder / name).write_text(text, encoding=encoding)
    return Manifest(folder / name)


def listed(folder, names="abcde"):
    volumes(folder, names)
    return manifest(folder, "id,image,label\n" + "".join(f"{n},{n}.nii,{n}_labels.nii\n" for n in names))


def test_every_column(tmp_path):
    volumes(tmp_path, "ab")
    cohort = manifest(
        tmp_path,
        "id,image,label,mask,split,group,site\n"
        "a1,a.nii,a_labels.nii,a_mask.nii,train,anna,Leeds\n"
        "b1,b.nii,,,test,,\n",
    )
    first, second = cohort.scans()
    assert (first.id, first.subject, first.split, first.metadata) == (
        "a1",
        "anna",
        "train",
        {"site": "Leeds"},
    )
    assert (first.image, first.mask) == (tmp_path / "a.nii", tmp_path / "a_mask.nii")
    assert (second.subject, second.split, second.labels, second.mask) == ("b1", "test", None, None)
    loaded = cohort.load(first)
    assert loaded.mask.sum() == 9
    assert set(np.unique(loaded.labels.array)) == {0, 3, 7}
    assert "the header's RAS was taken" in loaded.notes[-1]
    assert cohort.load(second).labels is None


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_spreadsheets_write(tmp_path, delimiter):
    volumes(tmp_path, "a")
    text = f"ID{delimiter}Image\r\n a {delimiter} a.nii \r\n{delimiter}\r\n"
    (scan,) = manifest(tmp_path, text, encoding="utf-8-sig").scans()
    assert (scan.id, scan.image) == ("a", tmp_path / "a.nii")


@pytest.mark.parametrize(("count", "tests"), [(1, 0), (2, 0), (3, 1), (4, 2), (5, 2), (15, 3)])
def test_without_splits_the_last_fifth_is_for_testing(tmp_path, count, tests):
    splits = [scan.split for scan in listed(tmp_path, "abcdefghijklmno"[:count]).scans()]
    assert splits == ["train"] * (count - tests) + ["test"] * tests


def test_a_group_is_never_divided(tmp_path):
    volumes(tmp_path, "abcde")
    rows = [f"{n},{n}.nii,{g}\n" for n, g in zip("abcde", "xyzwx", strict=True)]
    scans = manifest(tmp_path, "id,image,group\n" + "".join(rows)).scans()
    assert [scan.split for scan in scans] == ["train", "train", "test", "test", "train"]


def test_labels_without_a_table_are_those_found(tmp_path):
    cohort = listed(tmp_path)
    assert [(label.id, label.name) for label in cohort.label_table()] == [(3, "label 3"), (7, "label 7")]
    (protocol,) = cohort.protocols()
    assert (protocol.name, protocol.labels) == (cohort.default_protocol, (3, 7))
    assert protocol.regions == {"label 3": (3,), "label 7": (7,)}


@pytest.mark.parametrize("place", ["labels.csv", "names.csv"])
def test_a_label_table(tmp_path, place):
    volumes(tmp_path)
    column = "" if place == "labels.csv" else ",label_table"
    value = "" if place == "labels.csv" else ",names.csv"
    (tmp_path / place).write_text("id,name,side,region\n3,stem,m,deep\n9,gyrus,L,\n8,nucleus,R,deep\n")
    rows = [f"{n},{n}.nii,{n}_labels.nii{value}\n" for n in "abcde"]
    cohort = manifest(tmp_path, f"id,image,label{column}\n" + "".join(rows))
    assert [(label.id, label.side) for label in cohort.label_table()] == [(3, "M"), (9, "L"), (8, "R")]
    (protocol,) = cohort.protocols()
    assert (protocol.labels, protocol.regions) == ((3, 8, 9), {"deep": (3, 8)})
    loaded = cohort.load(cohort.scans()[0])
    assert set(np.unique(loaded.labels.array)) == {0, 3}
    assert any("7 (1 voxels)" in note for note in loaded.notes)
    assert cohort.scans()[0].metadata == {}


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("3,stem,\n7,gyrus,\n", ["stem", "gyrus"]),
        ("3,gyrus,L\n7,gyrus,R\n", ["gyrus L", "gyrus R"]),
        ("3,gyrus,L\n7,gyrus,L\n", ["gyrus 3", "gyrus 7"]),
    ],
)
def test_without_regions_each_label_is_one(tmp_path, rows, names):
    (tmp_path / "labels.csv").write_text("id,name,side\n" + rows)
    assert list(listed(tmp_path).protocols()[0].regions) == names


def refusal(cohort):
    with pytest.raises(DataError) as caught:
        cohort.scans()
    return caught.value.message


def test_all_problems_at_once(tmp_path):
    volumes(tmp_path, "ab")
    said = refusal(
        manifest(
            tmp_path,
            "id,image,label,split,group,label_table\n"
            "a,a.nii,no.nii,train,g,x.csv\n"
            "a,gone.nii,,test,g,y.csv\n"
            "../b,b.nii,,exam,,\n"
            "c,,,,,\n"
            "d,b.nii,,train,,,left over\n",
        )
    )
    assert "10 problems" in said
    for part in (
        "line 2: label", "no.nii is not there", "line 3: image", "gone.nii is not there", "'../b' cannot name",
        "line 4: split 'exam'", "line 5: no image", "line 6: cells beyond the last column: left over",
        "id 'a' is there 2 times", "group 'g' is in splits test, train", "no split for c", "x.csv, y.csv",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("id,picture\na,b\n", "lacks image"),
        ("id,image,image\na,b,c\n", "image twice"),
        ("id,image\n", "no row"),
    ],
)
def test_what_is_no_manifest(tmp_path, text, part):
    assert part in refusal(manifest(tmp_path, text))


def test_no_text_and_no_file(tmp_path):
    (tmp_path / "scans.csv").write_bytes(b"id,image\n\xff\xfe,a\n")
    assert "no readable text" in refusal(Manifest(tmp_path / "scans.csv"))
    for source in (tmp_path, tmp_path / "none.csv", None):
        with pytest.raises(MissingError):
            Manifest(source).scans()
    assert Manifest().label_table() == ()
    assert Manifest().protocols()[0].labels == ()


def test_problems_of_the_table_at_once(tmp_path):
    (tmp_path / "labels.csv").write_text("id,name,side\n0,a,L\nx,b,L\n3,,Q\n3,c,\n")
    with pytest.raises(DataError) as caught:
        listed(tmp_path).scans()
    for part in ("id '0'", "id 'x'", "no name", "side 'Q'", "id 3 is there 2 times"):
        assert part in caught.value.message


def test_a_label_map_of_another_grid(tmp_path):
    cohort = listed(tmp_path)
    nib.Nifti1Image(np.ones((3, 3, 3), np.uint8), np.eye(4)).to_filename(tmp_path / "a_labels.nii")
    with pytest.raises(DataError, match="a_labels.nii: size"):
        cohort.load(cohort.scans()[0])


def test_an_unreadable_label_map_is_left_to_loading(tmp_path):
    cohort = listed(tmp_path, "abc")
    (tmp_path / "c_labels.nii").write_text("no volume")
    assert [label.id for label in cohort.label_table()] == [3, 7]
    with pytest.raises(DataError, match="c_labels"):
        cohort.load(cohort.scans()[2])
