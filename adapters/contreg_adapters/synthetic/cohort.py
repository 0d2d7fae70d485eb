"""The embedded cohort: procedural brains grown from a seed, their true displacements known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from contreg_adapters.lpba40 import labels as lpba40
from contreg_adapters.synthetic import motion, scanner
from contreg_adapters.synthetic.folds import Individual
from contreg_adapters.synthetic.grid import FieldOfView
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.errors import UsageError
from contreg_core.volume import Volume


class Synthetic(Cohort):
    """Procedural T1-weighted brains with the labels of LPBA40; nothing to download.

    Every subject is the common brain seen through its own diffeomorphism, with folds, contrast, bias and noise of its
    own. The first two thirds are for training, the rest for testing; all share one space. ``source`` is not read.

    Knobs:
        subjects: how many, 2 or more; the first ones stay the same whatever the number.
        size: voxels along each axis.
        spacing: voxel size in mm; 0 fits a field of 192 x 240 x 192 mm to ``size`` (3 mm at the default size).
        seed: another seed is another cohort.
    """

    name: ClassVar[str] = "synthetic"
    summary: ClassVar[str] = (
        "procedural T1 brains with LPBA40 labels, grown from a seed; true displacements known"
    )
    needs_source: ClassVar[bool] = False
    default_protocol: ClassVar[str] = "synthetic/contreg"

    def __init__(
        self,
        source: Path | None = None,
        *,
        subjects: int = 12,
        size: tuple[int, ...] = (64, 80, 64),
        spacing: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(source)
        if subjects < 2 or seed < 0:
            raise UsageError(
                f"synthetic: subjects={subjects}, seed={seed}; expected 2 or more subjects and a seed "
                "of 0 or more",
                "change the value",
            )
        self.subjects, self.seed = subjects, seed
        self.grid = FieldOfView.holding(tuple(size), spacing)

    def scans(self) -> Sequence[Scan]:
        """``S01``, ``S02`` ...: the first two thirds train, the rest test."""
        grown = f"seed={self.seed} size={'x'.join(map(str, self.grid.size))} spacing={self.grid.spacing:g}"
        training = max(1, self.subjects * 2 // 3)
        return [
            Scan(
                id=id_, subject=id_, split="train" if number < training else "test", metadata={"grown": grown}
            )
            for number, id_ in enumerate(self._ids())
        ]

    def load(self, scan: Scan) -> LoadedScan:
        """Grow one subject."""
        picture = scanner.scan(Individual(self.seed, self._number(scan.id)), self.grid)
        return LoadedScan(
            Volume(picture.image, self.grid.affine), Volume(picture.labels, self.grid.affine), picture.mask
        )

    def label_table(self) -> Sequence[Label]:
        """The 56 labels of LPBA40."""
        return lpba40.label_table()

    def protocols(self) -> Sequence[Protocol]:
        """One protocol, LPBA40's seven fused regions without cerebellum and brainstem."""
        theirs = next(p for p in lpba40.protocols() if p.name == "lpba40/contreg")
        description = "ordered pairs of distinct test subjects; 54 structures, seven regions"
        return [replace(theirs, name=self.default_protocol, description=description)]

    def true_displacement(self, moving: str, fixed: str) -> NDArray[np.float32]:
        """The displacement between two subjects' shapes, ``(3, *size)`` in voxels on the fixed grid.

        ``moving(p + u(p))`` is ``fixed(p)`` but for what each cortex, coil and noise has of its own. Raises
        ``UsageError`` for an id that is not in the cohort.
        """
        return motion.between(self.seed, self._number(moving), self._number(fixed), self.grid)

    def _ids(self) -> list[str]:
        return [f"S{number:02d}" for number in range(1, self.subjects + 1)]

    def _number(self, id_: str) -> int:
        """1, 2, ... of an id; 0 is the common brain."""
        if id_ not in self._ids():
            raise UsageError(
                f"synthetic: no scan '{id_}'; there are S01 to S{self.subjects:02d}",
                "choose one of these or ask for more subjects",
            )
        return int(id_[1:])
