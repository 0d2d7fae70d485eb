"""A cohort from a CSV file that lists its scans."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from contreg_adapters.label_table import Named, found_labels, protocol, read_table
from contreg_adapters.load import Study, load_scan
from contreg_adapters.manifest.rows import Rows, read_manifest
from contreg_core.cohort import Cohort, Label, LoadedScan, Protocol, Scan
from contreg_core.errors import MissingError


class Manifest(Cohort):
    """Scans listed in the CSV file ``source``: ``id,image[,label][,mask][,split][,group][,label_table]``.

    Paths are relative to the file. ``labels.csv`` beside it, or the file named in the column ``label_table``, is the
    label table; without one the label maps are searched for their labels. Headers are believed.
    """

    name: ClassVar[str] = "manifest"
    summary: ClassVar[str] = "your own scans, listed in a CSV file: --source FILE.csv"
    default_protocol: ClassVar[str] = "manifest/contreg"

    def __init__(self, source: Path | None = None) -> None:
        super().__init__(None if source is None else Path(source))

    def scans(self) -> Sequence[Scan]:
        """The rows in the order of the file; all problems of the file, or of the label table, are told at once."""
        scans = self._rows.scans
        if self._table_path:
            read_table(self._table_path)  # a bad table is told here, not by every scan that is loaded
        return scans

    def load(self, scan: Scan) -> LoadedScan:
        """One scan in RAS+; labels that a label table does not name become background, with a note."""
        ids = frozenset(row.label.id for row in self._labels) if self._table_path else None
        return load_scan(scan, Study(self.name, ids, foreign_is_background=True), self.repairs)

    def label_table(self) -> Sequence[Label]:
        """The label table's labels, or those found."""
        return tuple(row.label for row in self._labels)

    def protocols(self) -> Sequence[Protocol]:
        """``manifest/contreg``."""
        return (protocol(self.default_protocol, self._labels),)

    @cached_property
    def _rows(self) -> Rows:
        if self.source is None:
            raise MissingError("manifest needs a CSV file", "name it with --source FILE.csv")
        if self.source.is_dir():
            raise MissingError(
                f"{self.source} is a folder, expected a CSV file", "name it with --source FILE.csv"
            )
        return read_manifest(self.source)

    @property
    def _table_path(self) -> Path | None:
        if self._rows.table is not None or self.source is None:
            return self._rows.table
        beside = self.source.with_name("labels.csv")
        return beside if beside.is_file() and beside != self.source else None

    @cached_property
    def _labels(self) -> tuple[Named, ...]:
        if self.source is None:
            return ()
        return read_table(self._table_path) if self._table_path else found_labels(self._rows.scans)
