"""Keys: what was made from a file is made again where the file is another one."""

import os
from pathlib import Path

import pytest

from contreg_core.errors import DataError
from contreg_core.fleet.keys import parts_of, stamps


@pytest.mark.parametrize("voxels", ["s.img", "s.img.gz"])
@pytest.mark.parametrize("mended", ["header", "voxels"])
def test_a_pair_of_files_is_another_where_either_changed_whichever_is_named(
    tmp_path: Path, voxels: str, mended: str
) -> None:
    header, data = tmp_path / "s.hdr", tmp_path / voxels
    for path in (header, data):
        path.write_bytes(b"as it was")
    before = {path: stamps(path) for path in (header, data)}
    changed = header if mended == "header" else data
    os.utime(changed, ns=(1, 1))
    for named, known in before.items():
        assert {parts.name for parts in parts_of(named)} == {"s.hdr", voxels}
        assert stamps(named) != known


def test_one_file_is_one(tmp_path: Path) -> None:
    for name in ("s.nii", "s.hdr", "s.img"):
        (tmp_path / name).write_bytes(b"")
    assert parts_of(tmp_path / "s.nii") == [tmp_path / "s.nii"]
    with pytest.raises(DataError, match=r"gone\.img"):
        stamps(tmp_path / "gone.img")
