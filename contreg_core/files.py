"""Writing that cannot leave half a file: a temporary name beside the final one, fsync, rename."""

import errno
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from contreg_core.errors import AccessError, ContregError, OutputError, StorageError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE}
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_NO_FOLDER = {errno.EEXIST, errno.ENOTDIR}
_IN_THE_WAY = "a file stands where a folder should be"
_MARK = ".tmp-"
_DEAD_AFTER = 3600.0


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a temporary path; rename it to ``final`` when the block succeeds, remove it when it does not.

    The temporary name ends as ``final`` does, since writers choose a format by it, and is random, since processes of
    two machines may have one number and one target.
    """
    temporary = final.with_name(f"{_MARK}{secrets.token_hex(6)}-{final.name[-40:]}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _sync(temporary)
        os.replace(temporary, final)
        _sync_folder(final.parent)
    except OSError as error:
        raise storage_error(error, final) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(final: Path, content: bytes) -> None:
    """Write a file atomically."""
    with atomic_path(final) as temporary:
        temporary.write_bytes(content)


def write_text(final: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    write_bytes(final, text.encode())


def write_json(final: Path, value: Any) -> None:
    """Write JSON atomically, keys in the given order, one trailing newline."""
    write_text(final, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def probe(folder: Path) -> None:
    """Make ``folder`` if it is absent; fails before any work where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_MARK, dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise storage_error(error, folder) from error


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed run left in ``folder``; those of living ones are younger than an hour."""
    for path in folder.glob(f"{_MARK}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _DEAD_AFTER:
                path.unlink()


def storage_error(error: OSError, path: Path) -> ContregError:
    """The user's view of an ``OSError`` met while writing ``path``."""
    reason = _IN_THE_WAY if error.errno in _NO_FOLDER else error.strerror or str(error)
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessError(f"{path}: no permission to write", "choose another folder or ask its owner")
    if error.errno in _NO_SPACE:
        return StorageError(f"{path}: {reason}", "free some space and run the same command again")
    return OutputError(f"{path}: cannot be written ({reason})", "choose another place for the output")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    """Make the rename itself durable, where the file system can (network ones may not)."""
    try:
        _sync(path)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
