"""The DKT31 labels of Mindboggle-101, their merge into DKT25, two maps of regions, and the protocols."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from contreg_core.cohort import Label, Protocol


@dataclass(frozen=True)
class DktStructure:
    """A row of ``labels.csv``: a DKT31 label, its id in DKT25, its region by FAIM and by FreeSurfer."""

    label: Label
    dkt25: int
    region: str
    fs_lobe: str


@cache
def structures() -> tuple[DktStructure, ...]:
    """All 62 rows, left before right, by id."""
    with (files(__package__) / "labels.csv").open(encoding="utf-8") as file:
        return tuple(
            DktStructure(
                Label(int(row["id"]), row["name"], row["side"]),
                int(row["dkt25"]),
                row["region"],
                row["fs_lobe"],
            )
            for row in csv.DictReader(file)
        )


def label_table() -> tuple[Label, ...]:
    """The labels alone."""
    return tuple(structure.label for structure in structures())


def dkt25_merge() -> dict[int, int]:
    """DKT31 id -> DKT25 id, for the ids that differ."""
    return {row.label.id: row.dkt25 for row in structures() if row.label.id != row.dkt25}


def protocols() -> tuple[Protocol, ...]:
    """``mindboggle/contreg`` (recommended), ``mindboggle/faim`` (DKT25) and ``mindboggle/lobes``."""
    return (
        Protocol(
            "mindboggle/contreg", _ids(), _regions("region"), headline="fused",
            description="ordered pairs of distinct test subjects; 62 DKT31 labels, five regions",
        ),
        Protocol(
            "mindboggle/faim", _merged(_ids()), _regions("region", merged=True), headline="labelmean",
            description="ordered pairs of distinct test subjects; 50 DKT25 labels, label-mean Dice a region",
            merge=dkt25_merge(),
        ),
        Protocol(
            "mindboggle/lobes", _ids(), _regions("fs_lobe"), headline="fused",
            description="as mindboggle/contreg, with FreeSurfer's lobes: the insula is a region of its own",
        ),
    )  # fmt: skip


def _ids() -> tuple[int, ...]:
    return tuple(label.id for label in label_table())


def _merged(ids: tuple[int, ...]) -> tuple[int, ...]:
    merge = dkt25_merge()
    return tuple(sorted({merge.get(label, label) for label in ids}))


def _regions(column: str, *, merged: bool = False) -> Mapping[str, tuple[int, ...]]:
    """Region -> label ids, in the order of the table."""
    regions: dict[str, tuple[int, ...]] = {}
    for row in structures():
        name = str(getattr(row, column))
        regions[name] = (*regions.get(name, ()), row.label.id)
    return {name: _merged(ids) for name, ids in regions.items()} if merged else regions
