"""Names and files of LPBA40 subjects, whatever the volume format."""

import re
from collections.abc import Iterator
from pathlib import Path

from contreg_core.cohort import Split
from contreg_core.errors import DataError

SUFFIXES = (".nii.gz", ".nii", ".hdr")
"""Best first: of one stem in several formats, the converted copy is taken."""
SUBJECTS = range(1, 41)
_TRAINING = range(1, 31)


def subject_name(number: int) -> str:
    """ "S01" ... "S40"."""
    return f"S{number:02d}"


def split_of(number: int) -> Split:
    """Subjects 1-30 train, 31-40 test: the released code's split."""
    return "train" if number in _TRAINING else "test"


def first_volume(folder: Path, *stems: str) -> Path | None:
    """The first existing volume of these stems; ``None`` where there is none."""
    candidates = (folder / f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def volumes(folder: Path) -> Iterator[tuple[str, Path]]:
    """(stem, file) of every volume in ``folder``, in the order of stems."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    stems = {name.removesuffix(suffix) for name in names for suffix in SUFFIXES if name.endswith(suffix)}
    for stem in sorted(stems):
        if path := first_volume(folder, stem):
            yield stem, path


def numbered(folder: Path) -> dict[int, Path]:
    """Subject number -> volume, for names that begin with S01 ... S40; two for one subject are refused."""
    found: dict[int, Path] = {}
    for stem, path in volumes(folder):
        match = re.match(r"S(\d{2})(?!\d)", stem)
        if not match or (number := int(match[1])) not in SUBJECTS:
            continue
        if number in found:
            raise DataError(f"{folder}: {found[number].name} and {path.name} are one subject", "remove one")
        found[number] = path
    return found
