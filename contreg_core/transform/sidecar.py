"""The JSON beside a field: what its numbers mean, and the SHA-256 of the one field that it speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from contreg_core.files import sha256_of
from contreg_core.plain_json import parse_json

_SUFFIXES = (".nii.gz", ".nii", ".h5")


@dataclass(frozen=True)
class Declared:
    """What the JSON beside a field says: its ``form`` ("itk"; nothing where it says none that may be believed).

    ``doubt`` says why it is not, or not wholly, believed.
    """

    form: str = ""
    doubt: str = ""


def sidecar_path(path: Path) -> Path:
    """The JSON of a volume, a field or an ITK composite: ``y.json``, of an unzipped ``y.nii`` ``y.nii.json``.

    So each of ``y.nii`` and ``y.nii.gz`` has its own.
    """
    stem = next((path.name.removesuffix(s) for s in _SUFFIXES if path.name.endswith(s)), path.name)
    return path.with_name(path.name + ".json" if path.suffix == ".nii" else stem + ".json")


def of_field(path: Path, content: bytes | None = None) -> dict[str, Any]:
    """For a sidecar: which file it speaks of, and its SHA-256, of the file as it is or of what it will hold."""
    return {
        "field": {"file": path.name, "sha256": sha256(content).hexdigest() if content else sha256_of(path)}
    }


def declared(path: Path) -> Declared:
    """What is said of a field by the JSON beside it.

    One whose SHA-256 is another file's is not believed. One without (contreg 0.1 wrote such) is, with a doubt; not
    where it could be of two files.
    """
    record = _read(sidecar_path(path))
    beside = sidecar_path(path)
    if not record and path.suffix == ".nii":  # contreg 0.1 had one name for both
        beside = sidecar_path(path.with_name(path.name + ".gz"))
        record = _read(beside)
    form = record.get("format")
    if not isinstance(form, str):
        return Declared()
    field = record.get("field")
    if isinstance(field, Mapping):
        if field.get("sha256") == sha256_of(path):
            return Declared(form)
        return Declared("", f"{beside.name} is of another field, by its SHA-256")
    if _twin(path).exists():
        return Declared("", f"{beside.name} does not say whether it is of {path.name} or {_twin(path).name}")
    return Declared(form, f"{beside.name} has no SHA-256 of the field that it speaks of")


def _twin(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".gz") if path.suffix == ".gz" else path.name + ".gz")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        record = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
