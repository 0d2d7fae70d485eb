"""The work list and what is counted by it: done has the right key, failed has a record, the rest is missing."""

import json

import pytest

from contreg_core.errors import DataError, MissingError
from contreg_core.failures import read_failures, write_failures
from contreg_core.fleet import Shard
from contreg_core.fleet.status import status
from contreg_core.fleet.work_list import NAME, Unit, WorkList


def units(names, key="k"):
    return tuple(Unit(name, f"{name}.json", f"{key}-{name}") for name in names)


def finish(folder, unit):
    (folder / unit.marker).write_text(json.dumps({"key": unit.key}))


def test_done_failed_and_missing_are_told_apart(tmp_path):
    work = units("abcde")
    WorkList("segment", work).save(tmp_path, add=True)
    finish(tmp_path, work[0])
    finish(tmp_path, units("b", key="old")[0])
    (tmp_path / "c.json").write_text("{")
    write_failures(tmp_path, {"a": DataError("was bad", "mended"), "d": DataError("bad", "mend it")})
    found = status(tmp_path)
    assert (found.done, found.missing) == (("a",), ("b", "c", "e"))
    assert [record["subject"] for record in found.failed] == ["d"]
    assert found.total == 5


def test_a_list_is_written_once_and_may_grow(tmp_path):
    first = WorkList("segment", units("ab"))
    first.save(tmp_path, add=True)
    before = (tmp_path / NAME).stat().st_ino
    first.save(tmp_path, add=True)
    assert (tmp_path / NAME).stat().st_ino == before
    WorkList("segment", units("bc", key="new")).save(tmp_path, add=True)
    assert WorkList.read(tmp_path).units == (*units("a"), *units("bc", key="new"))
    WorkList("segment", units("z")).save(tmp_path, add=False)
    assert WorkList.read(tmp_path).units == units("z")
    WorkList("register", units("y")).save(tmp_path, add=True)
    assert WorkList.read(tmp_path).units == units("y")


@pytest.mark.parametrize("text", ["", "{}", "nonsense\n", '{"command": "x"}\n{"id": 1}\n', "[]\n"])
def test_a_damaged_list_is_said_and_made_anew(tmp_path, text):
    with pytest.raises(MissingError):
        WorkList.read(tmp_path)
    (tmp_path / NAME).write_text(text)
    with pytest.raises(DataError):
        WorkList.read(tmp_path)
    WorkList("segment", units("a")).save(tmp_path, add=True)
    assert WorkList.read(tmp_path).units == units("a")


def test_shards_note_failures_side_by_side_and_a_whole_run_tidies_up(tmp_path):
    for part, name in ((1, "a"), (2, "b")):
        write_failures(
            tmp_path, {name: DataError(name, "")}, keys={name: f"key {name}"}, shard=Shard(part, 2)
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"failures.{n}-of-2.jsonl" for n in (1, 2)]
    assert [(r["subject"], r["key"]) for r in read_failures(tmp_path)] == [("a", "key a"), ("b", "key b")]
    write_failures(tmp_path, {"a": None, "b": DataError("b again", "")})
    assert [path.name for path in tmp_path.iterdir()] == ["failures.jsonl"]
    assert [record["message"] for record in read_failures(tmp_path)] == ["b again"]
    write_failures(tmp_path, {"b": None})
    assert list(tmp_path.iterdir()) == []
