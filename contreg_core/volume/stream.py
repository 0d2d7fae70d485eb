"""Bytes of a volume file, checked: there, readable, a regular file, complete, its gzip checksum right."""

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ELOOP
from pathlib import Path
from typing import BinaryIO

from contreg_core.errors import AccessError, DataError, MissingError, StorageError

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
_SLACK = 1 << 20
"""Bytes a file may hold beyond what its header announces."""
_DAMAGED = "copy or download the file again"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """The operating system's refusals in contreg's words."""
    try:
        yield
    except PermissionError as error:
        raise AccessError(f"{path}: no permission to read", _permission(path), code="FILE-31") from error
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        if error.errno == ELOOP:
            raise MissingError(
                f"{path}: a loop of links", "point to the file itself", code="FILE-32"
            ) from error
        raise StorageError(
            f"{path}: cannot be read: {error.strerror}", "try again", code="FILE-38"
        ) from error


def _permission(path: Path) -> str:
    """Who can help: the owner of the file, or of the first folder that may not be entered."""
    closed = next((p for p in reversed(path.absolute().parents) if not os.access(p, os.X_OK)), path)
    try:
        owner = closed.owner()
    except (OSError, KeyError):
        return f"ask the owner of {closed}, or change its mode"
    return f"ask {owner}, who owns {closed}, or change its mode"


def _missing(path: Path) -> MissingError:
    if not path.is_symlink():
        return MissingError(f"{path}: no such file", "check the name", code="FILE-32")
    target = os.readlink(path)
    hint = "run datalad get" if "annex" in target else "fetch the file it points to"
    return MissingError(f"{path}: a link to {target}, which is not there", hint, code="FILE-32")


def check_file(path: Path) -> int:
    """The size in bytes of a regular, readable, non-empty file; a ``ContregError`` otherwise."""
    with _explained(path):
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise MissingError(f"{path}: not a regular file", "name a volume file", code="FILE-33")
        if found.st_size == 0:
            raise DataError(f"{path}: the file is empty (0 bytes)", _DAMAGED, code="FILE-04")
        with path.open("rb"):
            return found.st_size


def read_text(path: Path) -> str:
    """The whole of a small UTF-8 text file; a ``ContregError`` where it is none."""
    if check_file(path) > _CHUNK:
        raise DataError(f"{path}: over {_CHUNK} bytes, expected a small text file", "check its name")
    with _explained(path):
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8 text", "save it as UTF-8") from error


def read_head(path: Path, count: int) -> bytes:
    """The first ``count`` bytes, decompressed where the name says it is zipped; fewer in a shorter file."""
    check_file(path)
    with _explained(path), path.open("rb") as file:
        head = file.read(_CHUNK)
    zipped = _zipped(path)
    if zipped != head.startswith(GZIP_MAGIC):
        wanted = "gzip data" if zipped else "an uncompressed volume"
        raise DataError(
            f"{path}: found {describe(head)}, expected {wanted}", "rename or fetch it again", code="FILE-06"
        )
    if not zipped:
        return head[:count]
    try:
        return zlib.decompressobj(31).decompress(head, count)
    except zlib.error as error:
        raise DataError(f"{path}: damaged gzip data: {error}", _DAMAGED, code="FILE-02") from error


def _zipped(path: Path) -> bool:
    return path.suffix.lower() in (".gz", ".mgz")


def describe(head: bytes) -> str:
    """What a file that is not a volume seems to be, from its first bytes."""
    known = {
        GZIP_MAGIC: "gzip data",
        b"PK\x03\x04": "a zip archive",
        b"\x80": "a Python pickle",
        b"\x89HDF": "an HDF5 file",
        b"version https://git-lfs": "a Git LFS pointer (run git lfs pull)",
        b"/annex/": "a git-annex pointer (run datalad get)",
        b"<": "a web page or XML text",
    }
    start = head.lstrip()
    return next((name for magic, name in known.items() if start.startswith(magic)), f"bytes {head[:4]!r}")


def read_all(path: Path, expected: int, *, constant: int = 1 << 24) -> bytes | bytearray:
    """The whole content, decompressed: at least ``expected`` bytes or ``DataError`` saying where it ends.

    More than ``constant`` bytes of one value, which a file of a thousandth can claim, are refused as a bomb.
    """
    size = check_file(path)
    with _explained(path), path.open("rb") as file:
        if not _zipped(path):
            content: bytes | bytearray = file.read(expected)
        else:
            _refuse_bomb(path, size, expected, constant)
            content = _gunzip(path, file, expected + _SLACK)
    if len(content) < expected:
        raise DataError(
            f"{path}: file ends early at byte {len(content)}, expected {expected}", _DAMAGED, code="FILE-03"
        )
    return content


def _refuse_bomb(path: Path, size: int, expected: int, constant: int) -> None:
    # Deflate reaches 1032:1 only on constant bytes: no brain does.
    if expected > constant and expected > 1000 * size:
        raise DataError(f"{path}: {size} bytes that claim to unpack to {expected}", _DAMAGED, code="FILE-15")


def _gunzip(path: Path, file: BinaryIO, limit: int) -> bytearray:
    """All gzip members to their very end, so that each checksum is compared."""
    out, member = bytearray(), zlib.decompressobj(31)
    pending = file.read(_CHUNK)
    while pending:
        try:
            out += member.decompress(pending, limit + 1 - len(out))
        except zlib.error as error:
            raise DataError(
                f"{path}: damaged gzip data near byte {len(out)}: {error}", _DAMAGED, code="FILE-02"
            ) from error
        if len(out) > limit:
            raise DataError(
                f"{path}: holds more than the {limit} bytes its header allows", _DAMAGED, code="FILE-15"
            )
        pending = member.unconsumed_tail or member.unused_data or file.read(_CHUNK)
        if member.eof:
            if not pending.startswith(GZIP_MAGIC):  # padding after the last member is ignored, as gzip does
                return out
            member = zlib.decompressobj(31)
    if not member.eof:
        raise DataError(f"{path}: file ends early at byte {len(out)}", _DAMAGED, code="FILE-01")
    return out
