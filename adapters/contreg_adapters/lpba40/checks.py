"""Label map against image and label table (reliability.md 2, rows 23 and 24)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contreg_core.cohort import Label
from contreg_core.errors import DataError
from contreg_core.volume import Volume, corners_apart, spacing


def check_grid(image: Volume, image_path: Path, other: Volume, path: Path) -> tuple[str, ...]:
    """One shape, one place: corners up to half a voxel apart are noted, more is refused."""
    if image.array.shape != other.array.shape:
        raise DataError(
            f"{path}: size {other.array.shape}, but {image_path.name} has {image.array.shape}",
            "take both from the same copy of the study",
        )
    apart = _apart(image, other)
    if apart > 0.5:
        raise DataError(
            f"{path}: corners lie {apart:.2f} voxels from those of {image_path.name}, expected at most 0.5",
            "take both from the same copy of the study, or copy the header",
        )
    return (f"{path.name} lies {apart:.2g} voxels off its image",) if apart > 1e-3 else ()


def _apart(image: Volume, other: Volume) -> float:
    """Distance of corners in voxels; where a file stores no orientation only extents can be compared."""
    smallest = min(spacing(image.affine))
    if image.oriented and other.oriented:
        return corners_apart(image.affine, other.affine, image.array.shape) / smallest
    difference = np.subtract(spacing(image.affine), spacing(other.affine)) * image.array.shape
    return float(abs(difference).max()) / smallest


def check_label_ids(labels: Volume, path: Path | None, table: Sequence[Label]) -> None:
    """``DataError`` with ids and voxel counts where the map holds a label the table does not know."""
    ids, counts = np.unique(labels.array, return_counts=True)
    known = {0, *(label.id for label in table)}
    unknown = {int(k): int(n) for k, n in zip(ids, counts, strict=True) if int(k) not in known}
    if unknown:
        listed = ", ".join(f"{k} ({n} voxels)" for k, n in list(unknown.items())[:8])
        raise DataError(
            f"{path}: {len(unknown)} labels that LPBA40 does not have: {listed}",
            "use the label maps with the study's own 56 ids",
        )
