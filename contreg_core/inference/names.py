"""Names of output files, after the two inputs (files.md)."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from contreg_core.volume.read import SUFFIXES

_LONGEST = 60


@dataclass(frozen=True)
class PairNames:
    """File names of one registration: ``<subject>_from-<moving>_to-<fixed>_...``.

    ``subject`` is the moving file's ``sub-`` entity, or its whole stem; ``moving`` and ``fixed`` are the rest of each
    stem, letters and digits only (as BIDS wants it; of names that are not BIDS's the underscores too), or the folders'
    names where both files are called the same.
    """

    subject: str
    moving: str
    fixed: str

    @classmethod
    def of(cls, moving: Path, fixed: Path) -> "PairNames":
        """Names from the two input files."""
        subject, rest = _parts(stem(moving))
        other, fixed_rest = _parts(stem(fixed))
        own = other == subject or not other
        to = _word(fixed_rest if own else f"{other}{fixed_rest}", bids=bool(other))
        start = _word(rest, bids=bool(subject))
        if start == to:
            # One file name in two folders: studies keep one folder a subject.
            folders = _word(moving.absolute().parent.name), _word(fixed.absolute().parent.name)
            start, to = folders if folders[0] != folders[1] else (f"{start}moving", f"{to}fixed")
        return cls(subject or _word(stem(moving)), start, to)

    @property
    def stem(self) -> str:
        """``<subject>_from-<moving>_to-<fixed>``."""
        return f"{self.subject}_from-{self.moving}_to-{self.fixed}"

    @property
    def displacement(self) -> str:
        """The field that warps the moving image to the fixed, without suffix."""
        return f"{self.stem}_mode-image_xfm"

    @property
    def inverse(self) -> str:
        """The field of the way back, without suffix."""
        return f"{self.subject}_from-{self.fixed}_to-{self.moving}_mode-image_xfm"


def stem(path: Path) -> str:
    """A file's name without its volume suffix, at most 60 letters (a digest marks what was cut).

    >>> stem(Path("data/sub-01_T1w.nii.gz"))
    'sub-01_T1w'
    """
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    return (
        name
        if len(name) <= _LONGEST
        else f"{name[: _LONGEST - 9]}_{sha256(name.encode(errors='surrogateescape')).hexdigest()[:8]}"
    )


def _parts(name: str) -> tuple[str, str]:
    """(``sub-XX`` or nothing, the rest)."""
    found = re.fullmatch(r"(sub-[^\W_]+)_(.+)", name)
    return (found[1], found[2]) if found else ("", name)


def _word(text: str, *, bids: bool = False) -> str:
    kept = "" if bids else "_"
    return "".join(letter for letter in text if letter.isalnum() or letter in kept).strip("_") or "image"
