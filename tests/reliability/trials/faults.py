"""The n-th opening, write, fsync, mkdir or rename fails, for every n (the scheme of SQLite's tests)."""

import errno
import random
import shutil
from pathlib import Path

from trials.children import child
from trials.hooks import fail
from trials.scene import Scene, Work
from trials.tally import Row

NUMBERS = (errno.ENOSPC, errno.EIO, errno.EACCES)
# Writing: 73, 74, 77. Reading an input: damaged or gone. A scan or image alone: 3.
PROMISED = (3, 65, 66, 73, 74, 77)
LIMITS = (1, 700, 4096, 8192, 16384, 65536)


def trial(scene: Scene, rng: random.Random, *, most: int = 0) -> list[Row]:
    """A row for each command: every n with every errno, or ``most`` of these, and limits of the file size."""
    rows = [_row(scene, work, rng, most) for work in scene.works]
    return [*rows, limited(scene)]


def limited(scene: Scene) -> Row:
    """ITK writes composites by itself: its files may not grow beyond a limit, as on a full disk."""
    row = Row("file size limit (a full disk for C libraries)", "register --field-format h5")
    register = scene.work("register")
    work = Work("register", lambda to: [*register.arguments(to), "--field-format", "h5"])
    whole = scene.root / "fault" / "whole"
    child(work.arguments(whole), whole)
    wanted = work.outcome(whole)
    for limit in LIMITS:
        folder = _fresh(scene)
        end = child(work.arguments(folder), folder, file_limit=limit)
        row.tried += 1
        if end.untidy:
            row.miss("tracebacks", f"limit {limit}: {end.said}")
        elif end.code not in (0, 74):
            row.miss("lost", f"limit {limit}: exit {end.code}: {end.said}")
        elif left := [path.name for path in folder.rglob(".tmp-*")]:
            row.miss("lost", f"limit {limit}: temporary files stay: {left}")
        elif any(wanted[name] != said for name, said in work.outcome(folder).items()):
            row.miss("silently_wrong", f"limit {limit}: exit {end.code}, and another result")
    shutil.rmtree(scene.root / "fault")
    return row


def _row(scene: Scene, work: Work, rng: random.Random, most: int) -> Row:
    whole = scene.root / "fault" / "whole"
    quiet = child(work.arguments(whole), whole, act=fail(0, 0))
    wanted, row = work.outcome(whole), Row("failing open, write, fsync, rename", work.name)
    cases = [(at, number) for at in range(1, len(quiet.events) + 1) for number in NUMBERS]
    for at, number in cases if most == 0 or most >= len(cases) else sorted(rng.sample(cases, most)):
        _once(scene, work, wanted, row, at, number)
    shutil.rmtree(scene.root / "fault")
    return row


def _once(scene: Scene, work: Work, wanted: dict[str, object], row: Row, at: int, number: int) -> None:
    folder = _fresh(scene)
    end = child(work.arguments(folder), folder, act=fail(at, number))
    kind, path = end.events[at - 1] if len(end.events) >= at else ("?", "?")
    where = f"{work.name}, {errno.errorcode[number]} at event {at}, {kind} {path}"
    row.tried += 1
    if end.untidy:
        row.miss("tracebacks", f"{where}: {end.said}")
        return
    if end.code and end.code not in PROMISED:
        row.miss("lost", f"{where}: exit {end.code}: {end.said}")
    try:
        found = work.outcome(folder)
    except Exception as error:  # whatever a reader says of an unreadable file
        row.miss("lost", f"{where}: unreadable: {error}")
        return
    if not end.code and found != wanted:
        row.miss("silently_wrong", f"{where}: exit 0, but another result")
    if end.code == 3:  # a scan that could not be read is listed as failed
        found = {name: said for name, said in found.items() if not name.endswith("cohort.json")}
    if work.name != "fit" and any(wanted.get(name) != said for name, said in found.items()):
        row.miss("silently_wrong", f"{where}: a partial file under a final name")
    if left := [one.name for one in folder.rglob(".tmp-*")]:
        row.miss("lost", f"{where}: temporary files stay: {left}")
    again = child(work.arguments(folder), folder)
    if again.code not in (0, work.finished) or work.outcome(folder) != wanted:
        row.miss("lost", f"{where}: the rerun does not mend it: {again.code} {again.said}")


def _fresh(scene: Scene) -> Path:
    folder = scene.root / "fault" / "one"
    shutil.rmtree(folder, ignore_errors=True)
    return folder
