"""The names of labels: ``dseg.tsv`` found by the inheritance principle of BIDS."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from contreg_adapters.bids.naming import BidsFile, parse
from contreg_adapters.label_table import Named, found_ids, read_table
from contreg_core.cohort import Scan
from contreg_core.errors import DataError


def find_table(source: Path, labels: Iterable[BidsFile]) -> Path | None:
    """The one label table of these label maps, None without; raises ``DataError`` where two of them differ."""
    paths = list(dict.fromkeys(path for file in labels if (path := _nearest(source, file))))
    for other in paths[1:]:
        if _read(other) != _read(paths[0]):
            raise DataError(f"{paths[0]} and {other} differ, expected one label table", "make them one")
    return paths[0] if paths else None


def read_labels(path: Path, scans: Sequence[Scan]) -> tuple[Named, ...]:
    """The rows of the table whose labels occur: tables of a whole parcellation scheme name many that never do."""
    named, found = _read(path), found_ids(scans)
    occurring = tuple(row for row in named if row.label.id in found)
    if found and not occurring:
        ids = ", ".join(map(str, sorted(found)[:8]))
        raise DataError(f"{path}: no row for any label of the label maps ({ids})", "add the rows")
    return occurring


def table_ids(path: Path) -> frozenset[int]:
    """All ids of the table."""
    return frozenset(row.label.id for row in _read(path))


def _read(path: Path) -> tuple[Named, ...]:
    return read_table(path, "index", background="0")


def _nearest(source: Path, labels: BidsFile) -> Path | None:
    """The table that says nothing else of itself than the label map does: the deepest one, then the most specific."""
    above = [folder for folder in labels.path.parents if folder == source or source in folder.parents]
    for folder in above:
        files = (parse(path, ".tsv") for path in sorted(folder.glob("*dseg.tsv")))
        fitting = [
            f for f in files if f and f.suffix == "dseg" and f.entities.items() <= labels.entities.items()
        ]
        if fitting:
            return max(fitting, key=lambda file: len(file.entities)).path
    return None
