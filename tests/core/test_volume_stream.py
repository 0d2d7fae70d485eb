"""Files before they are volumes: every way a path can fail has its own words."""

import errno
import gzip
import os
from pathlib import Path

import pytest

from contreg_core.errors import AccessError, DataError, MissingError, StorageError
from contreg_core.volume.stream import check_file, read_head, read_text


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Whoever asks for a file is answered so; root may read everything."""

    def stat(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "stat", stat)


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.EACCES, AccessError, "FILE-31"),
        (errno.ENOENT, MissingError, "FILE-32"),
        (errno.ELOOP, MissingError, "FILE-32"),
        (errno.EIO, StorageError, "FILE-38"),
    ],
)
def test_the_refusals_of_the_system(tmp_path, monkeypatch, number, kind, code) -> None:
    refuse(monkeypatch, number)
    with pytest.raises(kind, match="a.nii") as caught:
        check_file(tmp_path / "a.nii")
    assert caught.value.code == code


@pytest.mark.parametrize("nameless", [OSError, KeyError])
def test_a_file_of_nobody_known_names_the_path(tmp_path, monkeypatch, nameless) -> None:
    def owner(_: Path) -> str:
        raise nameless

    monkeypatch.setattr(Path, "owner", owner)
    refuse(monkeypatch, errno.EACCES)
    with pytest.raises(AccessError) as caught:
        check_file(tmp_path / "a.nii")
    assert f"the owner of {tmp_path / 'a.nii'}" in caught.value.hint


@pytest.mark.parametrize(("target", "remedy"), [("annex/a", "datalad get"), ("b", "fetch the file")])
def test_a_dangling_link_says_where_it_leads(tmp_path, target, remedy) -> None:
    (tmp_path / "a").symlink_to(tmp_path / target)
    with pytest.raises(MissingError, match="a link to") as caught:
        check_file(tmp_path / "a")
    assert remedy in caught.value.hint


def test_a_text_is_small_and_utf8(tmp_path) -> None:
    text = tmp_path / "t.txt"
    text.write_bytes("\ufeffé\n".encode())
    assert read_text(text) == "é\n"
    text.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        read_text(text)
    text.write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(DataError, match="small text file"):
        read_text(text)


def test_the_head_of_a_damaged_gzip_is_refused(tmp_path) -> None:
    whole = gzip.compress(os.urandom(2000))
    (tmp_path / "a.nii.gz").write_bytes(whole)
    assert len(read_head(tmp_path / "a.nii.gz", 352)) == 352
    (tmp_path / "a.nii.gz").write_bytes(whole[:2] + b"\x09" + whole[3:])
    with pytest.raises(DataError, match="damaged gzip data"):
        read_head(tmp_path / "a.nii.gz", 352)
