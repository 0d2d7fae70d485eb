"""kill -9 at named points (every opening, write, half a write, fsync and rename) and at random instants."""

import random
import shutil
from pathlib import Path

from trials.children import End, child
from trials.hooks import fail, kill
from trials.scene import Scene, Work
from trials.tally import Row


def trial(scene: Scene, rng: random.Random, *, at_random: int, named: int) -> list[Row]:
    """A row for each command: ``at_random`` instants and ``named`` points (0: every one there is)."""
    return [_row(scene, work, rng, at_random, named) for work in scene.works]


def _row(scene: Scene, work: Work, rng: random.Random, at_random: int, named: int) -> Row:
    whole = scene.root / "kill" / "whole"
    quiet = child(work.arguments(whole), whole, act=fail(0, 0))
    if quiet.code:
        raise SystemExit(quiet.said)
    wanted, row = work.outcome(whole), Row("kill -9", work.name)
    points = list(range(1, len(quiet.events) + 1))
    for at in points if named == 0 or named >= len(points) else sorted(rng.sample(points, named)):
        _once(scene, work, wanted, row, at, 0.0)
    for _ in range(at_random):
        _once(scene, work, wanted, row, 0, rng.uniform(0.0, quiet.seconds))
    shutil.rmtree(scene.root / "kill")
    return row


def _once(scene: Scene, work: Work, wanted: dict[str, object], row: Row, at: int, seconds: float) -> None:
    folder = scene.root / "kill" / "one"
    shutil.rmtree(folder, ignore_errors=True)
    killed = child(work.arguments(folder), folder, act=kill(at), kill_after=seconds)
    where = f"{work.name} killed at event {at} or after {seconds:.3f} s"
    row.tried += 1
    finished = _look(work, folder, wanted, row, where, killed)
    again = child(work.arguments(folder), folder)
    if again.untidy or killed.untidy:
        row.miss("tracebacks", f"{where}: {killed.said} {again.said}")
    elif again.code not in (0, work.finished):
        row.miss("lost", f"{where}: the rerun ended with {again.code}: {again.said}")
    elif work.outcome(folder) != wanted:
        row.miss("silently_wrong", f"{where}: the rerun's result differs")
    elif left := [path.name for path in folder.rglob(".tmp-*")]:
        row.miss("lost", f"{where}: temporary files stay: {left}")
    elif work.name == "prepare" and any(path.stat().st_ino != node for path, node in finished.items()):
        row.miss("lost", f"{where}: a finished scan was prepared again")


def _look(
    work: Work, folder: Path, wanted: dict[str, object], row: Row, where: str, killed: End
) -> dict[Path, int]:
    """What a killed command left: whole files only, and all that it had finished. Returns finished scans."""
    try:
        found = work.outcome(folder)
    except Exception as error:  # whatever a reader says of an unreadable file
        row.miss("lost", f"{where}: unreadable: {error}")
        return {}
    if work.name != "fit":  # whose files change on the way
        wrong = [name for name, said in found.items() if wanted.get(name) != said]
        if wrong:
            row.miss("silently_wrong", f"{where}: {wrong} differ")
    # The last renaming that was announced may not have been made.
    renamed = [path for kind, path in killed.events[:-1] if kind == "rename"]
    if any(Path(path).exists() for path in renamed):
        row.miss("lost", f"{where}: a renamed temporary file is still there")
    return {path: path.stat().st_ino for path in folder.rglob("*.h5") if not path.name.startswith(".tmp-")}
