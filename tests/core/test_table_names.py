"""Tables that others wrote: ids stay in their folder, and what is no text is a line."""

from pathlib import Path

import pytest

from contreg.lists import read_pairs, read_pictures
from contreg_adapters.manifest.rows import read_manifest
from contreg_core.cache.cohort_file import subject_path
from contreg_core.errors import DataError
from contreg_core.tables import can_name_a_file, read_rows

LEAVING = ["..", ".", "../x", "/abs", "a/b", "a\\b", "..\\x", "a\x1b[31mb", "a\u202eb", "a\x07", "x" * 201]


@pytest.mark.parametrize("name", LEAVING, ids=repr)
def test_an_id_that_leaves_its_folder_or_hides_is_refused(tmp_path: Path, name: str) -> None:
    table = tmp_path / "t.csv"
    (tmp_path / "a.nii").touch()
    for header, row, read in (
        ("id,image", f'"{name}",a.nii', read_manifest),
        ("id,image", f'"{name}",a.nii', read_pictures),
        ("id,moving,fixed", f'"{name}",a.nii,a.nii', read_pairs),
    ):
        table.write_text(f"{header}\n{row}\n", encoding="utf-8")
        with pytest.raises(DataError, match="cannot name a file"):
            read(table)
    with pytest.raises(DataError, match="cannot name a file"):
        subject_path(tmp_path, name)


@pytest.mark.parametrize("name", ["sub-01", "OAS 1", "Müller_2", "a.b", "$(rm)", "a:b"])
def test_other_ids_are_taken(name: str) -> None:
    assert can_name_a_file(name)


def test_a_nul_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"id,image\na,a.nii\n\0,b\n")
    with pytest.raises(DataError, match="line 3: a NUL"):
        read_rows(tmp_path / "t.csv", ("id",))
