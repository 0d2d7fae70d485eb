"""Rigid-pair sets: ``l{i}_to_l{j}`` is subject i resampled into the space of subject j (Klein et al. 2009)."""

import re
from pathlib import Path

from contreg_adapters.lpba40.naming import SUBJECTS, first_volume, split_of, subject_name, volumes
from contreg_core.cohort import Scan

_STEM = "LPBA40_rigidly_registered"
_PAIR = re.compile(r"l(\d{1,2})_to_l(\d{1,2})$")


def raw_pairs(root: Path) -> list[Scan]:
    """The published set, under either of its folder names."""
    return _pairs(root, f"{_STEM}_pairs", f"{_STEM}_label_pairs") or _pairs(
        root, "registered_pairs", "registered_label_pairs"
    )


def standardised_pairs(root: Path) -> list[Scan]:
    """The released code's own output: resampled to 2 mm ("small") before full size ("large")."""
    found = (
        _pairs(root, f"{_STEM}_pairs_histogram_standardization_{size}", f"{_STEM}_label_pairs_{size}")
        for size in ("small", "large")
    )
    return next((scans for scans in found if scans), [])


def _pairs(root: Path, images: str, labels: str) -> list[Scan]:
    found = [_scan(stem, path, root / labels) for stem, path in volumes(root / images)]
    return [scan for scan in found if scan is not None]


def _scan(stem: str, path: Path, labels: Path) -> Scan | None:
    """The scan of one file; none where its two subjects are of different splits, for no protocol uses it."""
    match = _PAIR.match(stem)
    if not match:
        return None
    subject, space = int(match[1]), int(match[2])
    if not {subject, space} <= set(SUBJECTS) or split_of(subject) != split_of(space):
        return None
    label = first_volume(labels, stem)
    return Scan(stem, subject_name(subject), split_of(subject), path, label, space=subject_name(space))
