"""Progress off a terminal, and tables of any width."""

import pytest

from contreg_cli import console


def test_the_time_left_counts_from_where_this_run_began(capsys, monkeypatch):
    clock = iter([100.0, 120.0, 140.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    with console.progress("fit", 1000, done=900) as bar:
        bar.update(950, "loss 1")
        bar.update(1000, "loss 1")
    assert capsys.readouterr().err == "fit 950/1000  loss 1  20 s left\nfit 1000/1000  loss 1\n"


def test_the_time_left_goes_by_the_last_lines(capsys, monkeypatch):
    """A hundred steps of a second, then some of 20 s each."""
    clock = iter([0.0, 100.0, *(100.0 + 20 * step for step in range(1, 8))])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    with console.progress("fit", 110) as bar:
        for done in (100, *range(101, 108)):
            bar.update(done)
    assert capsys.readouterr().err.splitlines()[-1] == "fit 107/110    1 min 00 s left"


def test_a_time_left_that_is_known_is_not_guessed(capsys, monkeypatch):
    clock = iter([0.0, 100.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    with console.progress("fit", 110) as bar:
        bar.update(10, left=90)
    assert capsys.readouterr().err == "fit 10/110    1 min 30 s left\n"


@pytest.mark.parametrize(("left", "seen"), [(90, "1 min 30 s"), (None, "-:--:--")])
def test_so_on_a_terminal(capsys, monkeypatch, left, seen):
    monkeypatch.setattr(console.sys.stderr, "isatty", lambda: True, raising=False)
    with console.progress("fit", 110) as bar:
        bar.update(10, left=left)
    assert seen in capsys.readouterr().err


def test_lines_are_few_but_the_last_is_there(capsys, monkeypatch):
    monkeypatch.setattr(console.time, "monotonic", lambda: 5.0)
    with console.progress("prepare", 3) as bar:
        for done in (1, 2, 3):
            bar.update(done)
        bar.say("a line")
    assert capsys.readouterr().err == "prepare 3/3\na line\n"


def test_a_table_off_a_terminal_is_aligned_text(capsys):
    console.print_table(("name", "dice"), [("a", "0.5"), ("longer", "")], title="scores")
    assert capsys.readouterr().out == "scores\nname    dice\na       0.5\nlonger\n"


def test_a_table_may_be_empty(capsys):
    console.print_table(("name",), [])
    assert capsys.readouterr().out == "name\n"


@pytest.mark.parametrize("columns", [60, 200])
def test_on_a_terminal_nothing_is_markup(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(console.sys.stdout, "isatty", lambda: True, raising=False)
    console.print_table(("name", "dice"), [("[b]S01[/b]", "0.5")])
    assert "[b]S01[/b]" in capsys.readouterr().out


def test_the_marks_of_docstrings_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(("name", ""), [("lncc", "``1 - mean``")])
    assert "`" not in capsys.readouterr().out
