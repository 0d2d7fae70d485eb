"""``SHA256SUMS``: what finished outputs were when they were written, in the format of ``sha256sum -c``."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contreg_core.errors import DataError
from contreg_core.files import sha256_of, storage_error, write_text

NAME = "SHA256SUMS"


def record_sums(folder: Path, files: Iterable[Path]) -> None:
    """Add files of ``folder`` to its list, or set their sums anew; what is no longer there leaves it."""
    with _readable(folder):
        new = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
        with _alone(folder):
            sums = {name: value for name, value in _read(folder).items() if (folder / name).is_file()} | new
            write_text(folder / NAME, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))


def listed(folder: Path) -> set[str]:
    """The names that the list of a folder has; raises ``DataError`` where it is another program's."""
    return set(_read(folder))


def is_listed(path: Path) -> bool:
    """Whether the list of a file's folder has it as it is now."""
    with _readable(path.parent):
        return _read(path.parent).get(path.name) == sha256_of(path)


def check_sums(folder: Path) -> dict[str, str]:
    """Name -> "" where a listed file is as it was written, else what is wrong with it."""
    return {name: _fault(folder / name, value) for name, value in _read(folder).items()}


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Files that were written just now and can no longer be read are a fault of the disk."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, Path(error.filename or folder)) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other shard of the work reads and writes the list meanwhile, where the file system knows locks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _fault(path: Path, wanted: str) -> str:
    if not path.is_file():
        return "is no longer there"
    try:
        return "" if sha256_of(path) == wanted else "is not what was written"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _read(folder: Path) -> dict[str, str]:
    path = folder / NAME
    if not path.is_file():
        return {}
    lines = [line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    if any(len(line) != 2 or not _inside(line[1]) for line in lines):
        raise DataError(f"{path}: not a list of sums", "remove it, and make the outputs again")
    return {name: value for value, name in lines}


def _inside(name: str) -> bool:
    """A list may not send the reader out of its folder."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts
