"""Atomic writing: the final name holds the old file or the new one, never a part, and no temporary stays."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contreg_core.errors import AccessError, ContregError, OutputError, StorageError
from contreg_core.files import atomic_path, probe, remove_leftovers, write_json, write_text


def test_write_text_and_json(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "new" / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "é"\n}\n'
    assert os.listdir(tmp_path / "new") == ["a.json"]


def test_the_temporary_lies_beside_and_keeps_the_suffixes(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "x.nii.gz") as first, atomic_path(tmp_path / "x.nii.gz") as second:
        assert first.parent == tmp_path
        assert first.name.endswith("x.nii.gz")
        assert first != second
        first.write_text("1")
        second.write_text("2")


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_a_failing_block_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    final = tmp_path / "a.txt"
    final.write_text("old")
    with pytest.raises((ValueError, KeyboardInterrupt, StorageError)), atomic_path(final) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise error
    assert final.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


KINDS = [
    (errno.ENOSPC, StorageError),
    (errno.EDQUOT, StorageError),
    (errno.EIO, StorageError),
    (errno.EACCES, AccessError),
    (errno.EPERM, AccessError),
    (errno.EROFS, OutputError),
    (errno.ENAMETOOLONG, OutputError),
]


@pytest.mark.parametrize(("number", "kind"), KINDS)
@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "pathlib.Path.mkdir"])
def test_every_failing_step_is_named_and_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[ContregError], call: str
) -> None:
    final = tmp_path / "a.txt"
    final.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(call, fail)
    with pytest.raises(kind) as caught:
        write_text(final, "new")
    assert str(final) in caught.value.message
    assert caught.value.hint
    assert final.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_that_cannot_be_synchronised_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronise = os.fsync

    def only_files(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, "not here")
        synchronise(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "new")


def test_leftovers_of_the_dead_go_those_of_the_living_stay(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.txt") as living:
        living.write_text("")
        dead = tmp_path / living.name.replace("a.txt", "b.txt")
        dead.write_text("")
        os.utime(dead, (time.time() - 7200,) * 2)
        (tmp_path / "c.txt").write_text("")
        remove_leftovers(tmp_path)
        assert not dead.exists()
        assert living.exists()
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "c.txt"]


DIES_WRITING = """
import os, pathlib, sys
from contreg_core.files import atomic_path
with atomic_path(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os._exit(0)
"""


def test_leftovers_of_a_process_that_ended_go_at_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DIES_WRITING, str(tmp_path / "a.txt")], check=True)
    (left,) = os.listdir(tmp_path)
    elsewhere = left.replace(left.split("-")[1], "0" * 8)
    (tmp_path / elsewhere).write_text("of another machine's process with that number")
    (tmp_path / ".tmp-oldname-a.txt").write_text("as earlier versions named them")
    probe(tmp_path)
    assert set(os.listdir(tmp_path)) == {".tmp-oldname-a.txt", elsewhere}


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EINTR])
@pytest.mark.parametrize(("failures", "written"), [(1, True), (3, True), (4, False)])
@pytest.mark.parametrize("call", ["os.replace", "pathlib.Path.write_bytes"])
def test_a_stale_handle_is_tried_three_times_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, failures: int, written: bool, call: str
) -> None:
    owner, name = (os, "replace") if call == "os.replace" else (Path, "write_bytes")
    true, left = getattr(owner, name), [None] * failures

    def passing(*arguments: object) -> object:
        if left:
            left.pop()
            raise OSError(number, os.strerror(number))
        return true(*arguments)

    monkeypatch.setattr(call, passing)
    if written:
        write_text(tmp_path / "a.txt", "new")
        assert (tmp_path / "a.txt").read_text() == "new"
    else:
        with pytest.raises(ContregError):
            write_text(tmp_path / "a.txt", "new")
        assert os.listdir(tmp_path) == []


def test_a_probe_makes_the_folder_and_leaves_it_empty(tmp_path: Path) -> None:
    probe(tmp_path / "new" / "deep")
    assert os.listdir(tmp_path / "new" / "deep") == []


def test_a_probe_says_what_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(OutputError, match="file"):
        probe(tmp_path / "file" / "deep")
    assert (tmp_path / "file").read_text() == "old"
