"""What is printed: nothing that a terminal obeys, and streams that are closed, full or no longer read."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import contreg_cli
from contreg_cli.console import print_json, print_table
from contreg_cli.failure import explain
from contreg_core.errors import DataError

HOSTILE = "a\x1b[31m\x9b2J\x07\u202e$(rm)\udcff"
SHOWN = r"a\u001b[31m\u009b2J\u0007\u202e$(rm)\udcff"
PROGRAM = (sys.executable, "-m", "contreg_cli")


def test_lines_go_through_one_door():
    root = Path(contreg_cli.__path__[0])
    doors = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"echo", "secho", "echo_via_pager"}
    }
    assert doors == {"saying.py", "group.py"}  # the latter prints click's help


def test_a_failure_shows_no_control_characters(capsys):
    assert explain(DataError(f"{HOSTILE} is damaged", f"see {HOSTILE}")) == 65
    assert capsys.readouterr().err == f"error: {SHOWN} is damaged. Fix: see {SHOWN}\n"


def test_tables_and_json_show_none_and_json_keeps_its_meaning(capsys):
    print_table(("name",), [(HOSTILE,)])
    assert capsys.readouterr().out.splitlines()[-1] == SHOWN
    print_json({"name": HOSTILE})
    shown = capsys.readouterr().out
    assert shown.isprintable() or set(filter(lambda c: not c.isprintable(), shown)) == {"\n"}
    assert json.loads(shown) == {"name": HOSTILE}


@pytest.mark.parametrize("group", [(), ("data",), ("transform",), ("cache",), ("plugins",)], ids=" ".join)
def test_a_group_alone_shows_its_help(contreg, group):
    result = contreg(*group)
    assert (result.code, result.err) == (0, "")
    assert result.out == contreg(*group, "--help").out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("--help",), ()], ids=" ".join)
def test_output_that_finds_no_space_is_a_line(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 74
    assert done.stderr.startswith("error: reading or writing failed: ")
    assert len(done.stderr.splitlines()) == 1


def test_output_that_is_closed_or_no_longer_read_stops_no_work(tmp_path):
    closed = subprocess.run(
        [*PROGRAM, "list"], preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE, text=True
    )
    assert (closed.returncode, closed.stderr) == (0, "")
    end, start = os.pipe()
    os.close(end)
    unread = subprocess.run([*PROGRAM, "list"], stdout=start, stderr=subprocess.PIPE, text=True)
    os.close(start)
    assert (unread.returncode, unread.stderr) == (0, "")


def test_a_name_that_is_no_utf8_is_a_line(contreg, tmp_path):
    missing = tmp_path / os.fsdecode(b"\xff.nii")
    result = contreg("register", missing, missing, "-o", tmp_path / os.fsdecode(b"out\xfe"))
    assert result.code == 66
    assert r"\udcff.nii" in result.error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 9 GiB"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        OSError(12, "Cannot allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_memory_that_is_not_there_is_no_bug(capsys, error):
    assert explain(error) == 69
    assert "out of memory" in capsys.readouterr().err
