"""The LPBA40 cohort: any of its five layouts, turned to RAS+ by its own labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from contreg_adapters.load import Study, load_scan
from contreg_adapters.lpba40 import labels as table
from contreg_adapters.lpba40.landmarks import LANDMARKS
from contreg_adapters.lpba40.layouts import LAYOUTS, find
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.errors import MissingError


class Lpba40(Cohort):
    """LPBA40 from ``source``: the folder of any layout of it, or a folder one or two above.

    Header directions are not believed where labels are there to tell them. In rigid-pair layouts a scan's
    space is the subject it was registered to, and only that subject may be the fixed one.
    """

    name: ClassVar[str] = "lpba40"
    paper: ClassVar[str] = "Shattuck et al. 2008"
    summary: ClassVar[str] = "40 adults, 56 hand-drawn structures (LONI, Shattuck et al. 2008)"
    default_protocol: ClassVar[str] = "lpba40/contreg"

    def __init__(self, source: Path | None = None) -> None:
        super().__init__(None if source is None else Path(source))
        self.found = None if self.source is None else find(self.source)
        self.fixed_only_own_space = self.found is not None and self.found.rigid

    def scans(self) -> Sequence[Scan]:
        """S01 ... S40, or l1_to_l1 ... for rigid pairs, as far as they are there."""
        if self.found is None:
            raise _missing(self.source)
        return self.found.scans

    def load(self, scan: Scan) -> LoadedScan:
        """One scan in RAS+; its notes tell the orientation found and what was repaired."""
        return load_scan(
            scan, Study("LPBA40", frozenset(row.id for row in table.label_table()), LANDMARKS), self.repairs
        )

    def label_table(self) -> Sequence[Label]:
        """56 structures."""
        return table.label_table()

    def protocols(self) -> Sequence[Protocol]:
        """contreg, official, faim."""
        return table.protocols()


def _missing(source: Path | None) -> MissingError:
    if source is None:
        return MissingError("lpba40 needs the folder of its files", "name it with --source")
    if not source.is_dir():
        return MissingError(f"{source}: no such folder", "name the folder of LPBA40 with --source")
    looked = "; ".join(f"{name}: {what}" for name, (_, what) in LAYOUTS.items())
    return MissingError(
        f"{source}: no LPBA40 here or two folders down; looked for {looked} (.nii[.gz] or .hdr with .img[.gz])",
        "name the folder that holds one of these with --source",
    )
