"""Python's own doors to the disk, watched: at the n-th opening, write, synchronisation or renaming something happens.

Only in the process that calls ``watch``, and only for files below one folder. What C libraries do to a file by
themselves is not seen; contreg lets one do so only for ITK's composites (see ``faults.limited``).
"""

import builtins
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

Act = Callable[[int, str, str], None]


def fail(at: int, number: int) -> Act:
    """The ``at``-th event fails with this errno."""

    def act(count: int, _: str, path: str) -> None:
        if count == at:
            raise OSError(number, os.strerror(number), path)

    return act


def kill(at: int) -> Act:
    """This process is killed instead of the ``at``-th event."""

    def act(count: int, _: str, __: str) -> None:
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def watch(root: Path, act: Act) -> list[tuple[str, str]]:
    """Call ``act(count, kind, path)`` before every event; returns the growing list of events."""
    events: list[tuple[str, str]] = []
    below = f"{root}{os.sep}"

    def event(kind: str, path: Any) -> None:
        name = _name(path)
        if name.startswith(below):
            events.append((kind, name))
            act(len(events), kind, name)

    for owner, function, kind in (
        (os, "replace", "rename"),
        (os, "rename", "rename"),
        (os, "fsync", "fsync"),
        (os, "mkdir", "mkdir"),
        (os, "open", "open"),
    ):
        setattr(owner, function, _announced(getattr(owner, function), kind, event))
    io.open = builtins.open = _opening(io.open, event, below)
    return events


def _announced(function: Callable[..., Any], kind: str, event: Callable[[str, Any], None]) -> Any:
    def announced(first: Any, *rest: Any, **options: Any) -> Any:
        event(kind, first)
        return function(first, *rest, **options)

    return announced


def _opening(true: Callable[..., Any], event: Callable[[str, Any], None], below: str) -> Any:
    class Watched(io.FileIO):
        """Each of its writes is two events: before, and when half is on the disk."""

        def write(self, data: Any) -> int:
            event("write", self.name)
            half = len(memoryview(data).cast("B")) // 2
            done = super().write(memoryview(data).cast("B")[:half]) if half else 0
            event("write", self.name)
            return done + super().write(memoryview(data).cast("B")[done:])

    def opening(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if isinstance(file, int) or not _name(file).startswith(below):
            return true(file, mode, *rest, **options)
        event("open", file)
        if mode.strip("bt") not in ("w", "a", "x"):
            return true(file, mode, *rest, **options)
        watched = Watched(_name(file), mode.strip("bt"))
        if options.get("buffering") == 0:
            return watched
        raw = io.BufferedWriter(watched)
        text = {key: options[key] for key in ("encoding", "errors", "newline") if key in options}
        return raw if "b" in mode else io.TextIOWrapper(raw, **text)

    return opening


def _name(path: Any) -> str:
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")
    return os.path.abspath(os.fsdecode(path))
