"""``work.jsonl``: the items a folder is to hold in the end, fixed when the work begins; what ``status`` counts by."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from contreg_core.cache.subject_file import read_key
from contreg_core.errors import DataError, MissingError
from contreg_core.files import write_text
from contreg_core.fleet.keys import digest
from contreg_core.overwriting import refused
from contreg_core.plain_json import parse_json

NAME = "work.jsonl"
SCHEMA = 1


@dataclass(frozen=True)
class Unit:
    """One item: its name, the file in the folder that is written last, and the key that it then holds."""

    id: str
    marker: str
    key: str

    def done(self, folder: Path) -> bool:
        """Whether that file is there with that key; one of other sources or settings does not count."""
        return bool(self.key) and _key(folder / self.marker) == self.key


@dataclass(frozen=True)
class WorkList:
    """What ``command`` is to make."""

    command: str
    units: tuple[Unit, ...]

    def save(self, folder: Path, *, add: bool) -> None:
        """Write it unless it is there already; ``add`` keeps what an earlier call with other items asked for.

        Raises ``OutputError`` where the folder is a cache and this another command: there it is the cache's record.
        """
        head = {"schema": SCHEMA, "command": self.command, "digest": digest([asdict(u) for u in self.units])}
        if _head(folder / NAME) == head:
            return
        if self.command != "prepare" and is_prepared(folder):
            raise refused(folder / NAME, "belongs to a prepared cohort", optional=False)
        known = {unit.id: unit for unit in _earlier(folder, self.command)} if add else {}
        units = {**known, **{unit.id: unit for unit in self.units}}
        lines = (json.dumps(line, ensure_ascii=False) for line in (head, *map(asdict, units.values())))
        write_text(folder / NAME, "\n".join(lines) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "WorkList":
        """Raises ``MissingError`` where no work was begun, ``DataError`` for a damaged file."""
        path = folder / NAME
        try:
            head, *lines = path.read_text(encoding="utf-8").splitlines()
            return cls(str(parse_json(head)["command"]), tuple(Unit(**parse_json(line)) for line in lines))
        except FileNotFoundError as error:
            raise MissingError(
                f"{path}: not there, so nothing is known of what this folder shall hold",
                "name the folder of a cache, or the output of segment, register --pairs or evaluate",
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}: unreadable ({error})", "run the command that began the work again"
            ) from error


def is_prepared(folder: Path) -> bool:
    """Whether the work in a folder is that of ``contreg prepare``."""
    return (_head(folder / NAME) or {}).get("command") == "prepare"


def _earlier(folder: Path, command: str) -> Sequence[Unit]:
    try:
        before = WorkList.read(folder)
    except (MissingError, DataError):
        return ()
    return before.units if before.command == command else ()


def _head(path: Path) -> Mapping[str, object] | None:
    try:
        with path.open(encoding="utf-8") as file:
            head = parse_json(file.readline())
            return head if isinstance(head, dict) else None
    except (OSError, ValueError):
        return None


def _key(marker: Path) -> str | None:
    if marker.suffix == ".h5":
        return read_key(marker)
    try:
        record = parse_json(marker.read_text(encoding="utf-8"))
        whole = all((marker.parent / name).is_file() for name in record.get("files", ()))
        return str(record["key"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
