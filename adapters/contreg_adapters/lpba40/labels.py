"""The 56 structures of LPBA40, their regions, and the protocols that score them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from contreg_core.cohort import Label, Protocol

NOT_IN_SKULLSTRIPPED = (181, 182)
"""Cerebellum and brainstem: cut from the images of the common copies, so not scored by default."""


@dataclass(frozen=True)
class Lpba40Structure:
    """A row of ``labels.csv``; a region is empty where the source leaves the structure out."""

    label: Label
    region_faim: str
    region_official: str


@cache
def structures() -> tuple[Lpba40Structure, ...]:
    """All 56 rows, by id."""
    with (files(__package__) / "labels.csv").open(encoding="utf-8") as file:
        return tuple(
            Lpba40Structure(
                Label(int(row["id"]), row["name"], row["side"]), row["region_faim"], row["region_official"]
            )
            for row in csv.DictReader(file)
        )


def label_table() -> tuple[Label, ...]:
    """The labels alone."""
    return tuple(structure.label for structure in structures())


def protocols() -> tuple[Protocol, ...]:
    """``lpba40/contreg`` (recommended), ``lpba40/official`` (the released code) and ``lpba40/faim``."""
    official, faim = _regions("region_official"), _regions("region_faim")
    scored = tuple(row.id for row in label_table() if row.id not in NOT_IN_SKULLSTRIPPED)
    return (
        Protocol(
            "lpba40/contreg", scored, faim, headline="fused",
            description="90 ordered pairs of distinct test subjects; 54 structures, seven regions",
        ),
        Protocol(
            "lpba40/official", _members(official), official, identity_pairs=True, headline="fused",
            description="100 pairs, self pairs included; parietal is 41-45, as in the released code",
        ),
        Protocol(
            "lpba40/faim", _members(faim), faim, headline="labelmean",
            description="90 ordered pairs of distinct test subjects; label-mean Dice a region",
        ),
    )  # fmt: skip


def _regions(column: str) -> Mapping[str, tuple[int, ...]]:
    """Region -> label ids, in the order of the table."""
    regions: dict[str, tuple[int, ...]] = {}
    for structure in structures():
        if name := str(getattr(structure, column)):
            regions[name] = (*regions.get(name, ()), structure.label.id)
    return regions


def _members(regions: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted(label for labels in regions.values() for label in labels))
