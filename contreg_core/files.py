"""Writing that cannot leave half a file: a temporary name beside the final one, fsync, rename."""

import errno
import hashlib
import json
import os
import platform
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from contreg_core.errors import AccessError, ContregError, OutputError, StorageError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FAULTS = {errno.EIO, errno.ESTALE}
_PASSING = {errno.ESTALE, errno.EINTR}
_TRIES = 4
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_NO_FOLDER = {errno.EEXIST, errno.ENOTDIR}
_IN_THE_WAY = "a file stands where a folder should be"
_LEFTOVER = re.compile(r"\.tmp-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-contreg-.+", re.DOTALL)
_DEAD_AFTER = 3600.0


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a temporary path; rename it to ``final`` when the block succeeds, remove it when it does not.

    The temporary name ends as ``final`` does, since writers choose a format by it; it says which process of which
    machine writes it, and is random, since threads of one may have one target.
    """
    temporary = final.with_name(f"{_own_mark()}{secrets.token_hex(4)}-{final.name[-40:]}")
    try:
        _patiently(partial(final.parent.mkdir, parents=True, exist_ok=True))
        yield temporary
        _patiently(partial(_sync, temporary))
        _patiently(partial(os.replace, temporary, final))
        _patiently(partial(_sync_folder, final.parent))
    except OSError as error:
        raise storage_error(error, final) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(final: Path, content: bytes | memoryview) -> None:
    """Write a file atomically."""
    with atomic_path(final) as temporary:
        _patiently(partial(temporary.write_bytes, content))


def write_text(final: Path, text: str) -> None:
    """Write a UTF-8 text file atomically; bytes of file names that are no UTF-8 are escaped as JSON does."""
    write_bytes(final, text.encode(errors="backslashreplace"))


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file: all of it or, where that fails, nothing."""
    content = f"{line}\n".encode(errors="backslashreplace")
    with path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            if file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            with suppress(OSError):
                file.truncate(before)
            raise


def write_json(final: Path, value: Any) -> None:
    """Write JSON atomically, keys in the given order, one trailing newline."""
    write_text(final, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def probe(folder: Path) -> None:
    """Make ``folder`` if it is absent and clear it of leftovers; fails where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_own_mark(), dir=folder)
        os.close(handle)
        os.unlink(name)
    except PermissionError as error:
        raise OutputError(
            f"{folder}: no permission to write ({error.strerror})",
            "choose another folder or ask its owner",
            code="OUT-36",
        ) from error
    except OSError as error:
        raise storage_error(error, folder) from error
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove contreg's temporary files of processes that ended on this machine, and any that are older than an hour.

    They are told by their whole name: other programs begin theirs with ``.tmp-`` too.
    """
    for path in folder.glob(".tmp-*"):
        name = _LEFTOVER.fullmatch(path.name)
        with suppress(OSError):
            if name and (_ended(name) or time.time() - path.stat().st_mtime > _DEAD_AFTER):
                path.unlink()


def _own_mark() -> str:
    return f".tmp-{_machine()}-{os.getpid()}-contreg-"


def _ended(name: re.Match[str]) -> bool:
    """Whether a temporary name is that of a process of this machine which is no more."""
    if name["machine"] != _machine():
        return False
    try:
        os.kill(int(name["process"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # somebody else's, or no number of a process
        return False
    return False


@cache
def _machine() -> str:
    """Names the space in which process numbers mean something: a boot of a machine, or a container of it."""
    known = [platform.node()]
    with suppress(OSError):
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        known.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("/".join(known).encode()).hexdigest()[:8]


def _patiently(call: Callable[[], object]) -> None:
    """A stale handle of a network disk and an interrupted call are tried three times more."""
    for left in reversed(range(_TRIES)):
        try:
            call()
            return
        except OSError as error:
            if not left or error.errno not in _PASSING:
                raise


def storage_error(error: OSError, path: Path) -> ContregError:
    """The user's view of an ``OSError`` met while writing ``path``."""
    reason = _IN_THE_WAY if error.errno in _NO_FOLDER else error.strerror or str(error)
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessError(
            f"{path}: no permission to write", "choose another folder or ask its owner", code="OUT-36"
        )
    if error.errno in _NO_SPACE:
        return StorageError(
            f"{path}: {reason}", "free some space and run the same command again", code="OUT-37"
        )
    if error.errno in _FAULTS:
        return StorageError(
            f"{path}: {reason}", "check the disk or the network, then run again", code="OUT-38"
        )
    return OutputError(
        f"{path}: cannot be written ({reason})", "choose another place for the output", code="OUT-36"
    )


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
