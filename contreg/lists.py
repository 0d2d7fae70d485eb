"""Lists of images and of pairs in CSV files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contreg_core.inference.names import PairNames, stem
from contreg_core.tables import can_name_a_file, problems_error, read_rows


@dataclass(frozen=True)
class ListedImage:
    """An image to be segmented; its outputs are named after ``id``."""

    id: str
    image: Path


@dataclass(frozen=True)
class ImagePair:
    """Two images to be registered; the outputs go into a folder called ``id``."""

    id: str
    moving: Path
    fixed: Path
    labels: Path | None = None
    moving_mask: Path | None = None
    fixed_mask: Path | None = None

    @property
    def files(self) -> tuple[Path | None, ...]:
        """All that decides its registration."""
        return self.moving, self.fixed, self.labels, self.moving_mask, self.fixed_mask


def picture(image: Path, name: str = "") -> ListedImage:
    """An image called after its file where it has no other name."""
    return ListedImage(name or stem(image), image)


def read_pictures(path: Path) -> list[ListedImage]:
    """``image[,id]``; paths are relative to the file. Raises ``DataError`` with everything that is wrong with it."""
    rows = read_rows(path, required=("image",))
    found = [picture(_beside(path, row["image"]), row.get("id", "")) for _, row in rows]
    _refuse(path, rows, ("image",), [one.id for one in found])
    return found


def read_pairs(path: Path) -> list[ImagePair]:
    """``moving,fixed`` and, where wanted, ``moving_labels,moving_mask,fixed_mask,id``; as ``read_pictures``."""
    rows = read_rows(path, required=("moving", "fixed"))
    found = [_pair(path, row) for _, row in rows]
    _refuse(path, rows, ("moving", "fixed"), [one.id for one in found])
    return found


def _pair(path: Path, row: Mapping[str, str]) -> ImagePair:
    moving, fixed = _beside(path, row["moving"]), _beside(path, row["fixed"])
    drawn = ("moving_labels", "moving_mask", "fixed_mask")
    others = [_beside(path, row[column]) if row.get(column) else None for column in drawn]
    return ImagePair(row.get("id") or PairNames.of(moving, fixed).stem, moving, fixed, *others)


def _refuse(
    path: Path, rows: Sequence[tuple[int, Mapping[str, str]]], needed: Sequence[str], ids: Sequence[str]
) -> None:
    problems = [f"line {line}: no {column}" for line, row in rows for column in needed if not row.get(column)]
    problems += [
        f"line {line}: id {name!r} cannot name a file"
        for (line, _), name in zip(rows, ids, strict=True)
        if not can_name_a_file(name)
    ]
    counts = Counter(name.casefold() for name in ids)
    twice = sorted({name for name in ids if counts[name.casefold()] > 1})
    problems += [f"id {name!r} is there more than once: add a column id" for name in twice]
    if not rows:
        problems.append("no row below the first line")
    if problems:
        raise problems_error(path, problems)


def _beside(path: Path, name: str) -> Path:
    return path.parent / name
