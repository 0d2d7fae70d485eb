"""Many ``prepare`` at once on one cache, and one who reads it all the while."""

import os
import shutil
import tempfile
from pathlib import Path

from contreg_core.cache import CachedCohort, read_subject
from contreg_core.errors import ContregError, MissingError
from trials.children import child, start
from trials.scene import Scene, content
from trials.tally import Row


def trial(scene: Scene, *, processes: int, reads: int) -> list[Row]:
    """Every process finishes with the same files; no reading of a scan or of ``cohort.json`` is torn."""
    work, root = scene.work("prepare"), scene.root / "crowd"
    child(work.arguments(root / "alone"), root / "alone")
    wanted, together = work.outcome(root / "alone"), root / "together"
    finished, read = Row("at once on one cache", "prepare"), Row("read meanwhile", "cache")
    with tempfile.TemporaryFile() as log:
        crowd = {start(work.arguments(together), log.fileno()) for _ in range(processes)}
        while read.tried < reads:
            _read(together, wanted, read)
            found, status = os.waitpid(-1, os.WNOHANG) if crowd else (0, 0)
            if found in crowd:
                crowd.remove(found)
                _ended(finished, os.waitstatus_to_exitcode(status))
        for pid in crowd:
            _ended(finished, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        log.seek(0)
        if b"Traceback" in (said := log.read()):
            finished.miss("tracebacks", said.decode())
    if work.outcome(together) != wanted or list(together.rglob(".tmp-*")):
        finished.miss("silently_wrong", "the cache is not the one of a single prepare")
    shutil.rmtree(root)
    return [finished, read]


def _ended(row: Row, code: int) -> None:
    row.tried += 1
    if code:
        row.miss("lost", f"a prepare ended with {code}")


def _read(folder: Path, wanted: dict[str, object], row: Row) -> None:
    """Any file that is there: whole, and with the bytes it will keep. Opening what is not there yet counts too."""
    names = [name for name in wanted if name.endswith(".h5")]
    name = names[row.tried % len(names)]
    row.tried += 1
    try:
        read_subject(folder / name)
        CachedCohort.open((folder / name).parents[1])
    except MissingError:
        return
    except ContregError as error:
        row.miss("silently_wrong", str(error))
        return
    if content(folder / name) != wanted[name]:
        row.miss("silently_wrong", f"{name} changed")
