"""The table of all that was tried: lines are added and never changed."""

import json
from pathlib import Path

from benchmarks.accuracy.document import markdown
from benchmarks.accuracy.ledger import RESULTS, Ledger


def test_what_is_written_is_never_written_again(tmp_path: Path) -> None:
    ledger, before = Ledger(tmp_path), b""
    for number in range(4):
        ledger.append("begun", {"variant": f"v{number}"})
        after = ledger.path.read_bytes()
        assert after.startswith(before)
        assert after.count(b"\n") == number + 1
        before = after
    assert [line["variant"] for line in ledger.lines()] == ["v0", "v1", "v2", "v3"]


def test_a_line_torn_by_a_kill_does_not_count_and_stays(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("begun", {"variant": "first"})
    torn = ledger.path.read_bytes() + b'{"kind": "scored", "var'
    ledger.path.write_bytes(torn)
    ledger.append("begun", {"variant": "second"})
    assert ledger.path.read_bytes().startswith(torn)
    assert [line["variant"] for line in ledger.lines()] == ["first", "second"]


def test_lines_are_found_by_what_they_say(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.last(key="a") is None
    for number, key in enumerate("aba"):
        ledger.append("scored", {"key": key, "number": number})
    found = ledger.last(kind="scored", key="a")
    assert found is not None
    assert found["number"] == 2
    assert len(list(ledger.lines(key="b"))) == 1


def test_a_line_knows_the_code_and_the_machine(tmp_path: Path) -> None:
    Ledger(tmp_path).append("begun", {})
    line = json.loads(Ledger(tmp_path).path.read_text())
    assert {"schema", "at", "commit", "changed", "contreg", "processor", "cores", "threads", "load"} <= set(
        line
    )


def test_the_committed_table_is_made_of_its_lines() -> None:
    ledger = Ledger()
    written = (RESULTS / "trials.md").read_text(encoding="utf-8")
    assert written == markdown(list(ledger.lines())), "run python -m benchmarks.accuracy document"


def test_every_committed_line_is_whole() -> None:
    text = Ledger().path.read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == list(Ledger().lines())
