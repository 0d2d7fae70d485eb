"""The labels of a study that brings its own: from its label table, or from the label maps themselves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contreg_core.cohort import Label, Protocol, Scan
from contreg_core.errors import ContregError
from contreg_core.tables import problems_error, read_rows
from contreg_core.volume import read_volume

_SIDES = ("", "L", "R", "M")


@dataclass(frozen=True)
class Named:
    """A label and the region it counts in; no region where the table leaves it out."""

    label: Label
    region: str


def read_table(path: Path, key: str = "id", *, background: str = "") -> tuple[Named, ...]:
    """``id,name[,side][,region]``, the ids in the column ``key``; raises one ``DataError`` with every problem.

    The row whose id is ``background``, if any, is left out. Without the column ``region`` every label is a region.
    """
    lines = [
        line for line in read_rows(path, required=(key, "name")) if line[1].get(key) != (background or None)
    ]
    problems = [f"line {line}: {problem}" for line, row in lines for problem in _problems(row, key)]
    counts = Counter(row.get(key, "") for _, row in lines)
    problems += [f"{key} {name} is there {n} times" for name, n in counts.items() if n > 1]
    if problems or not lines:
        raise problems_error(path, problems or ["no label below the first line"])
    labels = [Label(int(row[key]), row["name"], row.get("side", "").upper()) for _, row in lines]
    if "region" not in lines[0][1]:
        return own_regions(labels)
    return tuple(Named(label, row.get("region", "")) for label, (_, row) in zip(labels, lines, strict=True))


def found_labels(scans: Sequence[Scan]) -> tuple[Named, ...]:
    """Every label of every readable label map, called by its number; background (0) is none."""
    return own_regions([Label(label, f"label {label}") for label in sorted(found_ids(scans))])


def found_ids(scans: Sequence[Scan]) -> set[int]:
    """Every id but 0 of every readable label map."""
    ids: set[int] = set()
    for path in {scan.labels for scan in scans if scan.labels is not None}:
        try:
            ids.update(np.unique(read_volume(path, kind="labels").array).tolist())
        except ContregError:
            # Loading the scan meets the same file again and reports it.
            continue
    return ids - {0}


def protocol(name: str, named: Sequence[Named]) -> Protocol:
    """The protocol ``name``: all labels, the regions of the table."""
    regions: dict[str, tuple[int, ...]] = {}
    for row in named:
        if row.region:
            regions[row.region] = (*regions.get(row.region, ()), row.label.id)
    return Protocol(
        name,
        tuple(sorted(row.label.id for row in named)),
        regions,
        description="ordered pairs of distinct test subjects; all labels, fused in the regions of the label table",
    )


def _problems(row: dict[str, str], key: str) -> list[str]:
    found = []
    text = row.get(key, "")
    if not text.isdecimal() or int(text) == 0 or int(text) >= 2**31:
        found.append(f"{key} {text!r}, expected a whole number above 0")
    if not row.get("name"):
        found.append("no name")
    if row.get("side", "").upper() not in _SIDES:
        found.append(f"side {row['side']!r}, expected L, R, M or nothing")
    return found


def own_regions(labels: Sequence[Label]) -> tuple[Named, ...]:
    """One region a label: its name, with side or id where names repeat."""
    for called in (_name, _sided, _numbered):
        names = [called(label) for label in labels]
        if len(set(names)) == len(names):
            break
    return tuple(Named(label, name) for label, name in zip(labels, names, strict=True))


def _name(label: Label) -> str:
    return label.name


def _sided(label: Label) -> str:
    return f"{label.name} {label.side}".rstrip()


def _numbered(label: Label) -> str:
    return f"{label.name} {label.id}"
