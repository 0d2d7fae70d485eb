"""Label tables in the forms people have, and as they are written."""

import pytest

from contreg_core.errors import DataError
from contreg_core.inference.label_table import read_label_table, table_beside, write_label_table

FREESURFER = (
    "#No. Label Name: R G B A\n0  Unknown 0 0 0 0\n\n17 Left-Hippocampus 220 216 20 0\n53 RH 1 2 3 0\n"
)
ITK_SNAP = '# IDX R G B A VIS MSH LABEL\n 0 0 0 0 0 0 0 "Clear"\n 17 220 216 20 1 1 1 "Left Hippocampus"\n'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("t.tsv", "index\tname\tcolor\n0\tnone\tn/a\n17\tLH\t#dcd814\n", [(17, "LH", "#dcd814")]),
        ("t.csv", "id,name,side\n17,hippocampus,l\n", [(17, "hippocampus", "")]),
        ("t.lut", FREESURFER, [(17, "Left-Hippocampus", "#dcd814"), (53, "RH", "#010203")]),
        ("t.txt", ITK_SNAP, [(17, "Left Hippocampus", "#dcd814")]),
    ],
)
def test_forms(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    rows = read_label_table(tmp_path / name)
    assert [(row.label.id, row.label.name, row.colour) for row in rows] == expected
    write_label_table(tmp_path / "again.tsv", rows)
    again = read_label_table(tmp_path / "again.tsv")
    assert [row.label.id for row in again] == [row.label.id for row in rows]
    assert [row.colour for row in again] == [row.colour for row in rows]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("t.tsv", "label name\n17 x\n", "columns"),
        ("t.tsv", "index\tname\nx\ty\n", "line 2"),
        ("t.lut", "17 only-a-name\n", "line 1"),
        ("t.csv", "id,name\n3,a\n3,b\n", "twice"),
        ("t.csv", "id,name\n0,a\n", "no label"),
        ("t.csv", "", "empty"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, name, text, found):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=found):
        read_label_table(tmp_path / name)


def test_a_table_of_the_label_maps_name(tmp_path):
    assert table_beside(tmp_path / "x_dseg.nii.gz") is None
    (tmp_path / "x_dseg.tsv").touch()
    assert table_beside(tmp_path / "x_dseg.nii.gz") == tmp_path / "x_dseg.tsv"
