"""Whether outputs that are in a folder already belong to the images that are about to be worked on."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from contreg_core.files import sha256_of
from contreg_core.inference.names import PairNames
from contreg_core.overwriting import refused
from contreg_core.plain_json import parse_json
from contreg_core.transform import sidecar_path


@dataclass(frozen=True)
class Origin:
    """Where an image comes from: its file, None of one in memory, and what gives the SHA-256 of its sidecar."""

    path: Path | None
    sha256: Callable[[], str]

    @classmethod
    def of(cls, path: Path) -> "Origin":
        """Of a file."""
        return cls(path, lambda: sha256_of(path) if path.is_file() else "")

    def is_told(self, told: Any) -> bool:
        """Whether a sidecar's record of an input speaks of this image."""
        if not isinstance(told, Mapping):
            return False
        if self.path is not None and told.get("path") and _same(Path(str(told["path"])), self.path):
            return True
        return told.get("sha256") == self.sha256()


def refuse_other_pair(folder: Path, names: PairNames, moving: Origin, fixed: Origin) -> None:
    """Raise ``OutputError`` where ``folder`` has a registration of two other images under the names of this one's.

    An image is the same by its path, so that one that was mended may be registered again, or by its SHA-256, so that a
    study may be moved.
    """
    for path in (folder / f"{name}.json" for name in (names.displacement, names.inverse)):
        _refuse(path, {"moving": moving, "fixed": fixed})


def refuse_other_image(folder: Path, name: str, image: Origin) -> None:
    """Raise ``OutputError`` where ``folder`` has a segmentation called ``name`` of another image; as above."""
    _refuse(folder / f"{name}_dseg.json", {"image": image})


def _refuse(sidecar: Path, inputs: Mapping[str, Origin]) -> None:
    record = _read(sidecar)
    if record is None:
        return
    if not all(origin.is_told(record.get(role)) for role, origin in inputs.items()):
        told = ", ".join(f"{role} {_name(record.get(role))}" for role in inputs)
        raise refused(sidecar, f"is of other images ({told})")


def _read(path: Path) -> Mapping[str, Any] | None:
    """What a JSON says; None where there is none, and nothing of one that is not ours or cut short."""
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, Mapping) else {}


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.abspath(one) == os.path.abspath(other) or os.path.samefile(one, other)
    except OSError:
        return False


def _name(told: Any) -> str:
    known: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    return str(known.get("path") or known.get("file") or "unknown")


def registration_files(folder: Path, names: PairNames) -> Iterable[Path]:
    """Every file that a registration may write."""
    endings = ("warped", "labels", "uncertainty", "entropy")
    yield from (folder / f"{names.stem}_{ending}.nii.gz" for ending in endings)
    for name in (names.displacement, names.inverse):
        fields = [folder / f"{name}{suffix}" for suffix in (".nii.gz", ".h5")]
        yield from (*fields, *map(sidecar_path, fields))
    yield from record_files(folder)


def segmentation_files(folder: Path, name: str) -> Iterable[Path]:
    """Every file that a segmentation may write."""
    endings = ("dseg.nii.gz", "dseg.json", "dseg.tsv", "volumes.csv")
    yield from (folder / f"{name}_{ending}" for ending in endings)
    yield from folder.glob(f"{escape(name)}_label-*_probseg.nii.gz")
    yield from record_files(folder)


def record_files(folder: Path) -> Iterable[Path]:
    """What is kept of the work on many images or pairs."""
    return (folder / name for name in ("SHA256SUMS", "work.jsonl", "failures.jsonl"))
