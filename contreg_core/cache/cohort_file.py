"""``cohort.json``: what a cache holds, and access to its subjects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contreg_core.cache.subject_file import CachedSubject, content_sum, read_sources, read_subject
from contreg_core.cohort import Label, Protocol, Split
from contreg_core.errors import DataError, MismatchError, MissingError
from contreg_core.files import write_json
from contreg_core.parameters import unknown
from contreg_core.plain_json import parse_json
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.tables import can_name_a_file

SCHEMA = 1


@dataclass(frozen=True)
class CachedScan:
    """One scan of the cache; ``key`` hashes the source files and settings it was made from."""

    id: str
    subject: str
    split: Split
    space: str
    key: str


@dataclass(frozen=True)
class CachedCohort:
    """A prepared cohort. ``scans`` lists what is finished; ``failed`` maps a scan's id to the reason it is not."""

    folder: Path
    name: str
    preprocessing: Preprocessing
    labels: tuple[Label, ...]
    protocols: tuple[Protocol, ...]
    default_protocol: str
    fixed_only_own_space: bool
    landmarks: tuple[float, ...]
    scans: tuple[CachedScan, ...]
    failed: Mapping[str, str]

    @classmethod
    def open(cls, folder: Path) -> "CachedCohort":
        """Read ``cohort.json``; raises ``MissingError``, ``DataError`` (damaged) or ``MismatchError`` (schema)."""
        path = folder / "cohort.json"
        if not path.is_file():
            raise MissingError(f"{path}: nothing was prepared here", "run the prepare command of this cohort")
        try:
            record = parse_json(path.read_text(encoding="utf-8"))
            if record["schema"] != SCHEMA:
                raise MismatchError(
                    f"{path}: schema {record['schema']}, expected {SCHEMA}",
                    "run prepare again",
                    code="CACHE-45",
                )
            return cls(folder=folder, **_parse(record))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                f"{path}: unreadable ({error})",
                "run the prepare command of this cohort again",
                code="CACHE-46",
            ) from error

    def own_space(self, scans: Iterable[CachedScan]) -> list[CachedScan]:
        """One scan a person: of rigid copies the one in the person's own space."""
        return [scan for scan in scans if not self.fixed_only_own_space or scan.space == scan.subject]

    def save(self) -> None:
        """Write ``cohort.json`` atomically."""
        record = {
            "schema": SCHEMA,
            "name": self.name,
            "preprocessing": asdict(self.preprocessing),
            "labels": [asdict(label) for label in self.labels],
            "protocols": [_protocol_record(protocol) for protocol in self.protocols],
            "default_protocol": self.default_protocol,
            "fixed_only_own_space": self.fixed_only_own_space,
            "landmarks": list(self.landmarks),
            "scans": [asdict(scan) for scan in self.scans],
            "failed": dict(self.failed),
        }
        write_json(self.folder / "cohort.json", record)

    def path(self, scan: str) -> Path:
        """The HDF5 file of a scan."""
        return subject_path(self.folder, scan)

    @property
    def files(self) -> list[Path]:
        """All that the cache is read from."""
        return [self.folder / "cohort.json", *(self.path(scan.id) for scan in self.scans)]

    def load(self, scan: str) -> CachedSubject:
        """The scan's image, labels and affine."""
        return read_subject(self.path(scan))

    def sources(self, scan: str) -> dict[str, str]:
        """SHA-256 of the files a scan was made from, by name; empty where that was not kept."""
        return read_sources(self.path(scan))

    def sums(self, scans: Iterable[str]) -> dict[str, str]:
        """SHA-256 of the voxels and affine of each of these scans, by id; empty of one that cannot be read."""
        return {scan: content_sum(self.path(scan)) for scan in scans}

    def split(self, split: Split) -> tuple[CachedScan, ...]:
        """The scans of one split, in order."""
        return tuple(scan for scan in self.scans if scan.split == split)

    def protocol(self, name: str | None = None) -> Protocol:
        """A protocol by name; the cohort's default without one."""
        wanted = name or self.default_protocol
        for protocol in self.protocols:
            if protocol.name == wanted:
                return protocol
        known = [protocol.name for protocol in self.protocols]
        raise unknown(f"no protocol '{wanted}' for cohort '{self.name}'", wanted, known, "protocols")


def subject_path(folder: Path, scan: str) -> Path:
    """Where a scan's file lies in a cache folder; raises ``DataError`` for an id that would lead out of it."""
    if not can_name_a_file(scan):
        raise DataError(
            f"scan id '{scan}' cannot name a file", "give the scan an id of letters, digits, - and _"
        )
    return folder / "subjects" / f"{scan}.h5"


def _protocol_record(protocol: Protocol) -> dict[str, Any]:
    return {**asdict(protocol), "regions": {name: list(ids) for name, ids in protocol.regions.items()}}


def _parse(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(record["name"]),
        "preprocessing": Preprocessing(**_tuples(record["preprocessing"])),
        "labels": tuple(Label(**row) for row in record["labels"]),
        "protocols": tuple(_parse_protocol(row) for row in record["protocols"]),
        "default_protocol": str(record["default_protocol"]),
        "fixed_only_own_space": bool(record["fixed_only_own_space"]),
        "landmarks": tuple(float(value) for value in record["landmarks"]),
        "scans": tuple(CachedScan(**row) for row in record["scans"]),
        "failed": dict(record["failed"]),
    }


def _parse_protocol(row: Mapping[str, Any]) -> Protocol:
    regions: dict[str, tuple[int, ...]] = {name: tuple(ids) for name, ids in row["regions"].items()}
    # JSON keys are text; caches older than ``merge`` lack it.
    merge = {int(label): int(scored) for label, scored in row.get("merge", {}).items()}
    return Protocol(**{**row, "labels": tuple(row["labels"]), "regions": regions, "merge": merge})


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in values.items()
    }
