"""Cohorts: named subjects of one study, their label table, regions, splits, and which scans share a space."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.volume import AS_IT_SAYS, ReadChoice, Volume

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Label:
    """One row of a label table: integer id, name, side (``L``, ``R``, ``M`` for midline, ``""`` for unknown)."""

    id: int
    name: str
    side: str = ""


@dataclass(frozen=True)
class Protocol:
    """A named way to score: which labels, which regions, which pairs, which kind of Dice is the headline.

    ``regions`` maps a region's name to its label ids; ``labels`` are the ids scored one by one. ``merge`` (label id ->
    the id it is scored as) is applied to both label maps first; ``labels`` and ``regions`` name ids after it.
    """

    name: str
    labels: tuple[int, ...]
    regions: Mapping[str, tuple[int, ...]]
    identity_pairs: bool = False
    headline: Literal["fused", "labelmean"] = "fused"
    description: str = ""
    merge: Mapping[int, int] = field(default_factory=dict)

    def merged(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The integer label map ``(*space)`` with every id of ``merge`` replaced; others stay."""
        if not self.merge:
            return labels
        holding = np.promote_types(labels.dtype, np.min_scalar_type(max(self.merge.values())))
        scored = labels.astype(holding)
        for label, target in self.merge.items():
            scored[labels == label] = target
        return scored


@dataclass(frozen=True)
class Scan:
    """One volume of a study that can be loaded: of which subject, in which space, in which split.

    ``id`` names the scan and the cache file. Two scans may be paired only if their ``space`` is equal; in rigid-pair
    sets the fixed scan of space ``S`` is the one whose ``subject`` is ``S`` (``fixed_only_own_space`` of the cohort).
    """

    id: str
    subject: str
    split: Split
    image: Path | None = None
    labels: Path | None = None
    mask: Path | None = None
    space: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


UnknownLabels: TypeAlias = Literal["refuse", "background"]


@dataclass(frozen=True)
class Repairs:
    """What a person allows beyond what a cohort does by itself when it loads a scan.

    ``unknown_labels``: ids that the study does not have (None: as the cohort decides). ``resample_labels``: take a
    label map or mask on another grid by nearest neighbour. ``choice``: how files are read that leave something open.
    """

    unknown_labels: UnknownLabels | None = None
    resample_labels: bool = False
    choice: ReadChoice = AS_IT_SAYS


@dataclass(frozen=True)
class LoadedScan:
    """A scan in memory, RAS+: float32 image, integer labels, boolean mask, one affine; ``notes`` tell of repairs."""

    image: Volume
    labels: Volume | None
    mask: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


class Cohort(ABC):
    """A study on disk: ``Cohort(source)``. An adapter finds files, names regions and loads scans; it never writes.

    ``paper`` is the publication of the data (empty for none). ``regions`` of every protocol come from the study's label
    table. ``load`` returns RAS+ volumes whose orientation was checked, not believed.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    paper: ClassVar[str] = ""
    needs_source: ClassVar[bool] = True
    default_protocol: ClassVar[str]
    fixed_only_own_space: bool = False
    repairs: Repairs = Repairs()

    def __init__(self, source: Path | None = None) -> None:
        self.source = source

    @abstractmethod
    def scans(self) -> Sequence[Scan]:
        """All scans found, in a stable order; raises ``MissingError`` naming what was looked for where."""

    @abstractmethod
    def load(self, scan: Scan) -> LoadedScan:
        """Read one scan; raises ``DataError`` naming the file."""

    @abstractmethod
    def label_table(self) -> Sequence[Label]:
        """Every label the study may contain, background excluded."""

    @abstractmethod
    def protocols(self) -> Sequence[Protocol]:
        """The named protocols under which this study may be scored."""
