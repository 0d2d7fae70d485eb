"""What is finished, failed and missing in a folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contreg_core.failures import read_failures
from contreg_core.fleet.work_list import Unit, WorkList


@dataclass(frozen=True)
class Status:
    """``failed``: records of ``failures.jsonl`` whose subject is not done; ``missing`` did not begin or not end."""

    command: str
    done: tuple[str, ...]
    failed: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """Items of the work list."""
        return len(self.done) + len(self.failed) + len(self.missing)


def status(
    folder: Path, others: Mapping[str, Callable[[Path], Callable[[Unit], bool]]] | None = None
) -> Status:
    """Count what is finished in ``folder``; raises as ``WorkList.read`` does.

    ``others``: by command, what tells a finished item whose key is not in a file of its own.
    """
    known = WorkList.read(folder)
    other = (others or {}).get(known.command)
    done = other(folder) if other else lambda unit: unit.done(folder)
    finished = [unit.id for unit in known.units if done(unit)]
    left = dict.fromkeys(unit.id for unit in known.units)
    for name in finished:
        del left[name]
    failed = {
        str(record["subject"]): record for record in read_failures(folder) if record.get("subject") in left
    }
    missing = tuple(name for name in left if name not in failed)
    return Status(known.command, tuple(finished), tuple(failed.values()), missing)
