"""Which pair is shown, and where its images lie."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.reporting.run_record import RunFacts
from contreg_core.cache import CachedCohort, CachedScan, default_root, find_cache
from contreg_core.errors import DataError, MissingError, UsageError
from contreg_core.parameters import did_you_mean
from contreg_core.training.pairs import valid_pairs

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue

ScanPair = tuple[CachedScan, CachedScan]


def open_cache(record: RunFacts, catalogue: "Catalogue", root: Path | None) -> CachedCohort:
    """The cache the run was trained on; raises ``MissingError`` with the command that prepares it."""
    folder = find_cache(root or default_root(), record.cohort, record.recipe.preprocessing)
    if folder is None:
        command = shlex.join(["contreg", "prepare", "--data", record.cohort])
        command += f"{_source(record, catalogue)} {shlex.join(['--model', f'{record.path}/recipe.toml'])}"
        raise MissingError(f"cohort '{record.cohort}' is not prepared here with this run's settings", command)
    return CachedCohort.open(folder)


def _source(record: RunFacts, catalogue: "Catalogue") -> str:
    """Whether the command needs a folder; a cohort that is not installed here most likely does."""
    try:
        return " --source DIR" if catalogue.cohort(record.cohort).needs_source else ""
    except UsageError:
        return " --source DIR"


def choose_pair(record: RunFacts, cohort: CachedCohort, wanted: tuple[str, str] | None) -> ScanPair:
    """(moving, fixed): the one asked for, the pair of median Dice, or the first of the test split.

    Raises ``UsageError`` for a scan that is asked for and not in the cache, ``DataError`` where no pair can be made.
    """
    if wanted is not None:
        return _scan(cohort, wanted[0]), _scan(cohort, wanted[1])
    known = {scan.id: scan for scan in cohort.scans}
    for evaluation in record.evaluations:
        median = evaluation.median_pair()
        if median and median[0] in known and median[1] in known:
            return known[median[0]], known[median[1]]
    return _first(cohort, _by_preference(record, cohort))


def _by_preference(record: RunFacts, cohort: CachedCohort) -> list[Sequence[CachedScan]]:
    held = set(record.names("validation"))
    return [cohort.split("test"), [scan for scan in cohort.scans if scan.id in held], cohort.scans]


def _first(cohort: CachedCohort, groups: Sequence[Sequence[CachedScan]]) -> ScanPair:
    for scans in groups:
        for moving, fixed in valid_pairs(scans, own_space=cohort.fixed_only_own_space):
            return scans[moving], scans[fixed]
    raise DataError(f"cohort '{cohort.name}' has no two scans that make a pair", "prepare more scans")


def _scan(cohort: CachedCohort, name: str) -> CachedScan:
    for scan in cohort.scans:
        if scan.id == name:
            return scan
    some = ", ".join(scan.id for scan in cohort.scans[:6])
    raise UsageError(
        f"no scan '{name}' in the cache of '{cohort.name}'",
        f"{did_you_mean(name, (scan.id for scan in cohort.scans))}choose two of its scans: {some} ...",
    )
