"""What a person sees: tables and progress, drawn on a terminal, plain lines elsewhere."""

import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contreg.front import Bar
from contreg.times import duration
from contreg_cli.saying import echo
from contreg_core.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

_SECONDS_BETWEEN_LINES = 10.0
_LINES_OF_SPEED = 6
"""The time left goes by the speed over so many lines: steps of a training get dearer on the way."""

Row = Sequence[str]


def print_json(value: Any) -> None:
    """JSON on stdout."""
    echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Row, rows: Sequence[Row], title: str = "") -> None:
    """A table on stdout; off a terminal as aligned text of unlimited width."""
    rows = [[printable(cell) for cell in row] for row in rows]
    rows = [[cell.replace("``", "") for cell in row] for row in rows]  # the marks of docstrings
    if sys.stdout.isatty():
        _rich_table(columns, rows, title)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (columns, *rows)
    ]
    echo("\n".join(filter(None, [title, *lines])))


@contextmanager
def progress(label: str, total: int, done: int = 0) -> Iterator[Bar]:
    """A bar with the time left on a terminal, else a line now and then; on stderr, so that stdout stays clean.

    ``done`` were finished before, by an earlier run.
    """
    if not sys.stderr.isatty():
        yield _Lines(label, total, done)
        return
    with _rich_progress() as drawn:
        yield _Drawn(drawn, drawn.add_task(label, total=total, completed=done, text="", left=None))


class _Lines:
    def __init__(self, label: str, total: int, first: int) -> None:
        self.label, self.total = label, total
        self.last = time.monotonic()
        self.recent = deque([(self.last, first)], maxlen=_LINES_OF_SPEED)

    def update(self, done: int, text: str = "", total: int | None = None, left: float | None = None) -> None:
        self.total = total or self.total
        now = time.monotonic()
        if done < self.total and now - self.last < _SECONDS_BETWEEN_LINES:
            return
        start, first = self.recent[0]
        self.last = now
        self.recent.append((now, done))
        if left is None:
            left = (now - start) / max(1, done - first) * (self.total - done)
        remaining = f"  {duration(left)} left" if done < self.total else ""
        self.say(f"{self.label} {done}/{self.total}  {text}{remaining}")

    def say(self, line: str) -> None:
        echo(line.rstrip(), err=True)


class _Drawn:
    def __init__(self, drawn: "Progress", task: "TaskID") -> None:
        self.drawn, self.task = drawn, task

    def update(self, done: int, text: str = "", total: int | None = None, left: float | None = None) -> None:
        self.drawn.update(self.task, completed=done, text=printable(text), total=total, left=left)

    def say(self, line: str) -> None:
        self.drawn.console.print(printable(line), markup=False, highlight=False)


def _rich_progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    class Left(TimeRemainingColumn):
        """By the speed, where nothing better is known."""

        def render(self, task: "Task") -> Text:
            left = task.fields["left"]
            return super().render(task) if left is None or task.finished else Text(duration(left))

    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")  # only the text gives way on a narrow terminal
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        BarColumn(bar_width=16),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        Left(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[text]}", markup=False, table_column=rest),
        console=Console(stderr=True),
        expand=True,
    )


def _rich_table(columns: Row, rows: Sequence[Row], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left")
    for number, column in enumerate(columns):
        figures = all(_is_figure(row[number]) for row in rows)
        table.add_column(column, justify="right" if figures and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _is_figure(cell: str) -> bool:
    return not cell.strip("0123456789.+-–% ")
