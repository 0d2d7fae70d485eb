"""Where a result came from: versions, command, machine class, driver, times. No user, host or path above the data."""

import hashlib
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path, PurePath
from typing import Any

import contreg_core

SCHEMA = 1
_DRIVER = Path("/proc/driver/nvidia/version")
_PACKAGES = ("torch", "numpy", "scipy", "numba", "h5py", "nibabel", "SimpleITK", "safetensors")


def now() -> str:
    """UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def provenance(
    device: str, plugins: Mapping[str, str], arguments: Sequence[str] | None = None
) -> dict[str, Any]:
    """What every ``run.json`` begins with; ``plugins`` maps distributions to versions.

    ``arguments`` are those of the command where this process is not the one that was given them.
    """
    return {
        "schema": SCHEMA,
        "contreg": contreg_core.__version__,
        "started": now(),
        "command": ["contreg", *map(_portable, sys.argv[1:] if arguments is None else arguments)],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "device": device,
        **_cuda(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "plugins": dict(plugins),
        "records": {name: found for name in plugins if (found := _record(name))},
    }


def finished(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of work that ended well just now; work that did not is in ``failures.jsonl`` with its exit code."""
    return {**record, "finished": now(), "exit_code": 0}


def generated(sources: Iterable[str]) -> dict[str, Any]:
    """The two fields BIDS has for it, for the sidecar of a derivative made from ``sources`` (names of files)."""
    made = {"Name": "contreg", "Version": contreg_core.__version__}
    return {"GeneratedBy": [made], "Sources": list(dict.fromkeys(sources))}


def _cuda() -> dict[str, str]:
    """Versions of CUDA and of the driver, where torch was built for a GPU and one is there."""
    import torch  # what asks for a record has loaded it, or is about to say its version

    if torch.version.cuda is None or not torch.cuda.is_available():
        return {}
    return {"cuda": torch.version.cuda, "driver": _driver()}


def _driver() -> str:
    """As the kernel module says; empty where it says nothing (no Linux, another maker)."""
    try:
        told = re.search(r"Module.*?\s(\d[\d.]*)\s", _DRIVER.read_text(encoding="utf-8"))
    except OSError:
        return ""
    return told[1] if told else ""


def _portable(argument: str) -> str:
    """An argument without the folders above a file: they say who ran it, not what."""
    return f".../{PurePath(argument).name}" if PurePath(argument).is_absolute() else argument


def _record(package: str) -> str | None:
    """SHA-256 of the list of a distribution's files and their sums: which build of the version it was."""
    try:
        text = distribution(package).read_text("RECORD")
    except PackageNotFoundError:
        return None
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
