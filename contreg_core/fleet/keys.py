"""What an output was made from, as one hash: a finished output with another key is made again."""

import hashlib
import json
from pathlib import Path
from typing import Any

from contreg_core.errors import DataError


def digest(parts: Any) -> str:
    """SHA-256 of anything JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def stamp(path: Path) -> tuple[str, int, int]:
    """Name, size and time of a source file; raises ``DataError`` where it is gone."""
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror}", "restore the file and run the same command again", code="FILE-32"
        ) from error
    return path.name, status.st_size, status.st_mtime_ns


def stamps(path: Path) -> list[tuple[str, int, int]]:
    """Of every file that a volume is read from."""
    return [stamp(part) for part in parts_of(path)]


def parts_of(path: Path) -> list[Path]:
    """A file and, of a pair of header and voxels (``.hdr`` beside ``.img`` or ``.img.gz``), the other of the two."""
    name = path.name.lower()
    ending = next((one for one in (".hdr", ".img.gz", ".img") if name.endswith(one)), "")
    others = () if not ending else (".img", ".img.gz") if ending == ".hdr" else (".hdr",)
    beside = [path.with_name(path.name[: -len(ending)] + other) for other in others]
    return [path, *(part for part in beside if part.is_file())]
