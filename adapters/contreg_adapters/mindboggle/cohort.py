"""The Mindboggle-101 cohort: the 62 subjects of three studies, or as many of them as are there."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from contreg_adapters.load import Study, load_scan
from contreg_adapters.mindboggle import labels as table
from contreg_adapters.mindboggle.dkt25 import cross_check
from contreg_adapters.mindboggle.landmarks import LANDMARKS
from contreg_adapters.mindboggle.layouts import find
from contreg_adapters.mindboggle.naming import COHORTS, OTHERS, parse
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.errors import MissingError


class Mindboggle(Cohort):
    """Mindboggle-101 from ``source``: a cohort's folder, all subjects in one, or a folder above.

    NKI-RS-22 and NKI-TRT-20 train, OASIS-TRT-20 tests; OASIS-TRT-20 alone is split 1-10 and 11-20. MNI152 files are
    preferred to native ones, and the two are never paired. Header directions are checked by the labels.
    """

    name: ClassVar[str] = "mindboggle"
    paper: ClassVar[str] = "Klein & Tourville 2012"
    summary: ClassVar[str] = "62 adults, 62 hand-drawn cortical labels, DKT31 (Klein and Tourville 2012)"
    default_protocol: ClassVar[str] = "mindboggle/contreg"

    def __init__(self, source: Path | None = None) -> None:
        super().__init__(None if source is None else Path(source))
        self.found = () if self.source is None else find(self.source)

    def scans(self) -> Sequence[Scan]:
        """NKI-RS-22-1 ... OASIS-TRT-20-20, as far as they are there."""
        if not self.found:
            raise _missing(self.source)
        return self.found

    def load(self, scan: Scan) -> LoadedScan:
        """One scan in RAS+ with DKT31 labels; other labels are background, and the notes say which."""
        ids = frozenset(row.id for row in table.label_table())
        loaded = load_scan(
            scan, Study("Mindboggle-101", ids, LANDMARKS, foreign_is_background=True), self.repairs
        )
        told = (scan.metadata["files"],) if "files" in scan.metadata else ()
        compared = cross_check(scan.labels) if scan.labels else ()
        return replace(loaded, notes=(*loaded.notes, *compared, *told))

    def label_table(self) -> Sequence[Label]:
        """62 labels of DKT31."""
        return table.label_table()

    def protocols(self) -> Sequence[Protocol]:
        """contreg, faim, lobes."""
        return table.protocols()


def _missing(source: Path | None) -> MissingError:
    if source is None:
        return MissingError("mindboggle needs the folder of its files", "name it with --source")
    if not source.is_dir():
        return MissingError(f"{source}: no such folder", "name the folder of Mindboggle-101 with --source")
    return MissingError(
        f"{source}: no Mindboggle-101 here or up to three folders down; looked for "
        f"{', '.join(f'{cohort}_volumes/{cohort}-1' for cohort in COHORTS)}, each with "
        "t1weighted_brain[.MNI152].nii[.gz] and labels.DKT31.manual[+aseg][.MNI152].nii[.gz]",
        _remedy(source),
    )


def _remedy(source: Path) -> str:
    """The likeliest of three: archives still packed, other cohorts of the 101, another folder."""
    packed = sorted(source.glob("*_volumes*.tar.gz"))
    if packed:
        return f"unpack {packed[0].name}"
    folders = (path for pattern in ("*", "*/*", "*/*/*") for path in source.glob(pattern))
    if any(parse(path.name, OTHERS) for path in folders):
        return f"give {', '.join(COHORTS)}: the other cohorts of the 101 are in no published split"
    return "name the folder that holds these with --source"
