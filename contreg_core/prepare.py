"""From a cohort on disk to a cache: parallel, resumable, safe against a second run at once.

A scan is done when its file is there with the key of its sources and settings; anything else is made again. One bad
scan never stops the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from contreg_core.cache.cohort_file import CachedCohort, CachedScan, subject_path
from contreg_core.cache.location import cache_folder
from contreg_core.cache.subject_file import read_key, read_sources, read_subject, write_subject
from contreg_core.cohort import Cohort, LoadedScan, Repairs, Scan
from contreg_core.errors import ContregError, DataError, RetryError
from contreg_core.files import remove_leftovers, sha256_of
from contreg_core.fleet.keys import digest, parts_of, stamps
from contreg_core.fleet.run import Pool, run_all
from contreg_core.fleet.work_list import Unit
from contreg_core.inference.images import brain_doubts
from contreg_core.preprocessing.apply import learn_landmarks, preprocess
from contreg_core.preprocessing.spec import Preprocessing
from contreg_core.volume import AS_IT_SAYS


@dataclass(frozen=True)
class ScanReport:
    """What happened to one scan; ``notes`` say what was found or repaired, ``failure`` why it failed."""

    id: str
    outcome: Literal["prepared", "cached", "failed"]
    notes: tuple[str, ...] = ()
    failure: ContregError | None = None

    @property
    def error(self) -> str:
        """The failure as a sentence; empty where there was none."""
        return "" if self.failure is None else str(self.failure)


@dataclass(frozen=True)
class Preparation:
    """All that a worker needs to prepare any scan of a cohort."""

    cohort: Cohort
    spec: Preprocessing
    folder: Path
    landmarks: tuple[float, ...] = ()
    verify: bool = False
    strict: bool = False

    @classmethod
    def plan(cls, cohort: Cohort, spec: Preprocessing, root: Path) -> "Preparation":
        """Choose the folder and, for Nyul, learn the landmarks (on training scans only unless the spec says all)."""
        folder = cache_folder(root, cohort.name, spec)
        return cls(cohort, spec, folder, _landmarks(cohort, spec) if spec.intensity == "nyul" else ())

    def key(self, scan: Scan) -> str:
        """Hash of the settings and of every source file's name, size and time."""
        files = (path for path in (scan.image, scan.labels, scan.mask) if path is not None)
        sources = [one for path in files for one in stamps(path)]
        parts = {"spec": self.spec.record(), "landmarks": self.landmarks, "scan": scan.id, "sources": sources}
        parts["metadata"] = dict(scan.metadata)  # what an embedded cohort was grown from
        if self.cohort.repairs != Repairs():
            parts["repairs"] = _allowed(self.cohort.repairs)
        return digest(parts)

    def unit(self, scan: Scan) -> Unit:
        """The scan in the work list; without a key where a source is gone: whoever prepares it reports that."""
        marker = subject_path(Path(), scan.id).as_posix()
        try:
            return Unit(scan.id, marker, self.key(scan))
        except DataError:
            return Unit(scan.id, marker, "")

    def replaces(self, scans: Sequence[Scan]) -> int:
        """How many of the cache's scans are of other sources or cohort knobs than ``scans``, and will be lost."""
        if not (self.folder / "cohort.json").is_file():
            return 0
        wanted = {scan.id: scan for scan in scans}
        cached = CachedCohort.open(self.folder).scans
        return sum(one.id not in wanted or not self._is_key(one.key, wanted[one.id]) for one in cached)

    def _is_key(self, key: str | None, scan: Scan) -> bool:
        try:
            return key == self.key(scan)
        except ContregError:
            # A source that is gone: whoever prepares this scan reports it.
            return False

    def run(self, scan: Scan) -> ScanReport:
        """Prepare one scan unless its file is already the right one."""
        path = subject_path(self.folder, scan.id)
        try:
            key = self.key(scan)
            stale = self._stale(path, scan, key)
            if stale is None:
                return ScanReport(scan.id, "cached")
            loaded = self._looked_at(self.cohort.load(scan))
            processed = preprocess(loaded, self.spec, self.landmarks)
            write_subject(path, processed, key, _digests(scan))
        except ContregError as error:
            # Disk full or a read-only cache is no fault of the scan: it ends the whole run.
            if error.exit_code in (73, 74, 77) and str(path) in error.message:
                raise
            return ScanReport(scan.id, "failed", failure=error)
        return ScanReport(scan.id, "prepared", (*processed.notes, *stale))

    def _stale(self, path: Path, scan: Scan, key: str) -> tuple[str, ...] | None:
        """Why the scan must be made, in words where a file was there before; None where nothing need be done.

        Names, sizes and times of the sources are always compared, for equality alone; ``verify`` reads both the sources
        and the cached file.
        """
        before = read_key(path)
        if before != key:
            return () if before is None else ("made anew: its source files or settings have changed",)
        if not self.verify:
            return None
        try:
            read_subject(path)
        except ContregError:
            return ("made anew: the cached file was damaged",)
        return None if read_sources(path) == _digests(scan) else ("made anew: its source files have changed",)

    def _looked_at(self, loaded: LoadedScan) -> LoadedScan:
        """The scan with a note of what looks odd about its brain; ``strict`` refuses it instead."""
        doubts = brain_doubts(loaded.image, loaded.mask)
        if doubts and self.strict:
            raise DataError(
                "; ".join(doubts), "give a brain-extracted image, or leave out --strict", code="VAL-27"
            )
        return replace(loaded, notes=(*loaded.notes, *doubts))

    def finish(self, scans: Sequence[Scan], reports: Sequence[ScanReport]) -> CachedCohort:
        """Write ``cohort.json`` for what is now in the cache."""
        failed = {report.id: report.error for report in reports if report.outcome == "failed"}
        done = {report.id for report in reports if report.outcome != "failed"}
        finished = [scan for scan in scans if scan.id in done]
        if not finished:
            first, _, remedy = next(iter(failed.values()), "no scan was found").partition(". Fix: ")
            raise DataError(
                f"cohort '{self.cohort.name}': no scan could be prepared; first: {first}",
                remedy or "fix it and run again",
            )
        cohort = CachedCohort(
            folder=self.folder,
            name=self.cohort.name,
            preprocessing=self.spec,
            labels=tuple(self.cohort.label_table()),
            protocols=tuple(self.cohort.protocols()),
            default_protocol=self.cohort.default_protocol,
            fixed_only_own_space=self.cohort.fixed_only_own_space,
            landmarks=self.landmarks,
            scans=tuple(CachedScan(s.id, s.subject, s.split, s.space, self.key(s)) for s in finished),
            failed=failed,
        )
        cohort.save()
        for folder in (self.folder, self.folder / "subjects"):
            remove_leftovers(folder)
        return cohort


def prepare(
    plan: Preparation, scans: Sequence[Scan], pool: Pool[Scan, ScanReport] | None = None
) -> Iterator[ScanReport]:
    """Prepare every scan, in this process or on a pool of ``plan.run``; yields a report as each one ends."""
    return run_all(plan.run, scans, pool, lost)


def lost(scan: Scan, error: RetryError) -> ScanReport:
    """Of a scan whose worker ended twice."""
    return ScanReport(scan.id, "failed", failure=error)


def check_ids(scans: Sequence[Scan]) -> None:
    """Raise ``DataError`` where two scans would have one file, also where a disk does not tell a from A."""
    seen: dict[str, Scan] = {}
    for scan in scans:
        other = seen.setdefault(scan.id.casefold(), scan)
        if other is not scan:
            raise DataError(
                f"two scans are called '{other.id}' and '{scan.id}': {other.image} and {scan.image}",
                "rename or remove one of them",
                code="NAME-35",
            )


def _digests(scan: Scan) -> dict[str, str]:
    """SHA-256 of every source file, by name."""
    files = [path for path in (scan.image, scan.labels, scan.mask) if path is not None]
    return {part.name: sha256_of(part) for path in files for part in parts_of(path)}


def _landmarks(cohort: Cohort, spec: Preprocessing) -> tuple[float, ...]:
    scans = [scan for scan in cohort.scans() if spec.landmarks == "all" or scan.split == "train"]
    if cohort.fixed_only_own_space:
        # Rigid copies of one person are one person: learn from each person's own-space scan.
        scans = [scan for scan in scans if scan.space == scan.subject]
    return learn_landmarks(_readable(cohort, scans), spec)


def _readable(cohort: Cohort, scans: Sequence[Scan]) -> Iterator[LoadedScan]:
    for scan in scans:
        try:
            yield cohort.load(scan)
        except ContregError:
            # ``run`` meets the same scan again and reports it.
            continue


def _allowed(repairs: Repairs) -> dict[str, Any]:
    """As a key has it; how files are read only where something is said of it."""
    told = asdict(repairs)
    choice = told.pop("choice")
    return told if repairs.choice == AS_IT_SAYS else {**told, "choice": choice}
