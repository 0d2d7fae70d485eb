"""Where the subjects of Mindboggle-101 lie: cohort folders, their MNI152 copies, a wrapper, or all in one folder."""

import os
from collections import defaultdict
from collections.abc import Iterator, Set
from pathlib import Path

from contreg_adapters.mindboggle.naming import TESTING, Files, parse, subject_files
from contreg_core.cohort import Scan, Split
from contreg_core.errors import AccessError, DataError

_DEEP = 3
"""The wrapper, the cohort, the subject."""


def find(source: Path) -> tuple[Scan, ...]:
    """Every subject in or up to three folders below ``source``, NKI-RS-22, NKI-TRT-20, OASIS-TRT-20, by number.

    Of a subject's files labelled ones come before unlabelled, then MNI152 before native. Two copies of one kind
    are refused.
    """
    folders: dict[str, list[Path]] = defaultdict(list)
    for folder in _walk(source, _DEEP):
        if parse(folder.name):
            folders[folder.name].append(folder)
    chosen = {name: _chosen(name, places) for name, places in folders.items()}
    names = sorted((name for name in chosen if chosen[name]), key=lambda name: parse(name) or (0, 0))
    cohorts = {cohort_of(name) for name in names}
    return tuple(_scan(name, chosen[name], cohorts) for name in names)


def cohort_of(subject: str) -> str:
    """OASIS-TRT-20-3 is of OASIS-TRT-20."""
    return subject.rpartition("-")[0]


def split_of(subject: str, cohorts: Set[str]) -> tuple[Split, str]:
    """The split, and the reason, where the subjects are of ``cohorts``."""
    if TESTING not in cohorts:
        return "train", f"NKI trains; {TESTING}, which tests, is not here"
    if cohorts != {TESTING}:
        split: Split = "test" if cohort_of(subject) == TESTING else "train"
        return split, f"by cohort: NKI trains, {TESTING} tests"
    number = int(subject.rpartition("-")[2])
    return "train" if number <= 10 else "test", f"{TESTING} alone: 1-10 train, 11-20 test"


def _walk(folder: Path, deep: int) -> Iterator[Path]:
    """Visible folders below that we may enter, subjects not searched further."""
    try:
        inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    except PermissionError as error:
        raise AccessError(f"{folder}: no permission to look inside", "ask its owner") from error
    except OSError:  # not there, or not a folder: ``scans`` says what was looked for
        return
    for path in inside:
        if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            yield path
            if deep > 1 and not parse(path.name):
                yield from _walk(path, deep - 1)


def _chosen(name: str, folders: list[Path]) -> list[Files]:
    """All files found for one subject, best first."""
    files = sorted((each for folder in folders for each in subject_files(folder)), key=lambda each: each.rank)
    if len(files) > 1 and files[0].rank == files[1].rank:
        raise DataError(f"{name} is there twice: {files[0].image} and {files[1].image}", "remove one")
    return files


def _scan(name: str, files: list[Files], cohorts: Set[str]) -> Scan:
    best, *rest = files
    split, why = split_of(name, cohorts)
    metadata = {"cohort": cohort_of(name), "split": why}
    if rest:
        metadata["files"] = f"{best.space} files taken, {rest[0].space} ones are there too"
    return Scan(name, name, split, best.image, best.labels, space=best.space, metadata=metadata)
