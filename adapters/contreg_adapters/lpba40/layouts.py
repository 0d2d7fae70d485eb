"""The five ways LPBA40 lies on people's disks, told apart by what is there (cohorts.md)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contreg_adapters.lpba40.naming import SUBJECTS, first_volume, numbered, split_of, subject_name
from contreg_adapters.lpba40.rigid import raw_pairs, standardised_pairs
from contreg_core.cohort import Scan
from contreg_core.errors import AccessError, DataError


@dataclass(frozen=True)
class Found:
    """A recognised layout: its name, the folder it was found in, its scans."""

    layout: str
    root: Path
    scans: tuple[Scan, ...]

    @property
    def rigid(self) -> bool:
        """Whether every scan lies in the space of one subject (``l{i}_to_l{j}``)."""
        return bool(self.scans[0].space)


def find(source: Path) -> Found | None:
    """The first layout recognised in ``source``, or one or two folders down."""
    children = _folders(source)
    roots = [source, *children, *(deep for folder in children for deep in _folders(folder))]
    for name, (read, _) in LAYOUTS.items():
        for root in roots:
            if scans := sorted(read(root), key=lambda scan: (scan.space, scan.subject)):
                _refuse_doubles(scans)
                return Found(name, root, tuple(replace(scan, metadata={"layout": name}) for scan in scans))
    return None


def _folders(folder: Path) -> list[Path]:
    """Visible folders below that we may enter."""
    try:
        inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    except PermissionError as error:
        raise AccessError(f"{folder}: no permission to look inside", "ask its owner") from error
    except OSError:  # not there, or not a folder: ``scans`` says what was looked for
        return []
    return [path for path in inside if path.is_dir() and os.access(path, os.R_OK | os.X_OK)]


def _refuse_doubles(scans: Sequence[Scan]) -> None:
    seen: dict[str, Scan] = {}
    for scan in scans:
        if scan.id in seen:
            raise DataError(f"{scan.id} is there twice: {seen[scan.id].image} and {scan.image}", "remove one")
        seen[scan.id] = scan


def _delineation(root: Path) -> list[Scan]:
    return _per_subject(root, ("delineation.skullstripped",), labels="delineation.structure.label")


def _native(root: Path) -> list[Scan]:
    return _per_subject(root, ("native.brain.bfc", "native.mri"), mask="native.brain.mask")


def _per_subject(root: Path, images: Sequence[str], *, labels: str = "", mask: str = "") -> list[Scan]:
    """``Sxx/Sxx.<what>`` for every subject whose image is there."""
    found = []
    for number in SUBJECTS:
        name = subject_name(number)
        if image := first_volume(root / name, *(f"{name}.{kind}" for kind in images)):
            label = first_volume(root / name, f"{name}.{labels}") if labels else None
            inside = first_volume(root / name, f"{name}.{mask}") if mask else None
            found.append(Scan(name, name, split_of(number), image, label, inside))
    return found


def _derived(root: Path) -> list[Scan]:
    """``fixed`` is S01; the folders ``train`` and ``test`` follow another split than ours: only names count."""
    if not (root / "train").is_dir() or not (root / "label").is_dir():
        return []
    images = [*numbered(root / "train").items(), *numbered(root / "test").items()]
    if fixed := first_volume(root, "fixed"):
        images = [(1, fixed), *(entry for entry in images if entry[0] != 1)]
    labels = numbered(root / "label")
    return [Scan(subject_name(n), subject_name(n), split_of(n), image, labels.get(n)) for n, image in images]


LAYOUTS: dict[str, tuple[Callable[[Path], list[Scan]], str]] = {
    "delineation": (
        _delineation,
        "S01/S01.delineation.skullstripped, S01/S01.delineation.structure.label",
    ),
    "derived": (_derived, "fixed, train/S11*, test/S02*, label/S01*"),
    "rigid pairs": (raw_pairs, "LPBA40_rigidly_registered_pairs/l1_to_l2 or registered_pairs/l1_to_l2"),
    "rigid pairs, standardised": (
        standardised_pairs,
        "LPBA40_rigidly_registered_pairs_histogram_standardization_small/l1_to_l2 or _large/l1_to_l2",
    ),
    "native": (_native, "S01/S01.native.brain.bfc or S01/S01.native.mri"),
}
"""Layout -> (reader of a folder, what it looks for); the first that finds anything wins."""
