"""Label map against image and known labels (bad-inputs.md)."""

from collections.abc import Set
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from contreg_core.errors import DataError
from contreg_core.volume import Volume, corners_apart, spacing

_NEAR = 0.5
"""Voxels that corners may lie apart."""


def check_grid(image: Volume, image_path: Path, other: Volume, path: Path) -> tuple[str, ...]:
    """One shape, one place: corners up to half a voxel apart are noted, more is refused."""
    if image.array.shape != other.array.shape:
        raise DataError(
            f"{path}: size {other.array.shape}, but {image_path.name} has {image.array.shape}",
            "take both from the same copy of the study, or allow --resample-labels",
            code="GEO-24",
        )
    apart = _apart(image, other)
    if apart > _NEAR:
        raise DataError(
            f"{path}: corners lie {apart:.2f} voxels from those of {image_path.name}, expected at most 0.5",
            "take both from the same copy of the study, or allow --resample-labels",
            code="GEO-24",
        )
    return (f"{path.name} lies {apart:.2g} voxels off its image",) if apart > 1e-3 else ()


def on_grid(image: Volume, other: Volume) -> bool:
    """Whether both have one shape and corners within half a voxel."""
    return image.array.shape == other.array.shape and _apart(image, other) <= _NEAR


def resampled(labels: Volume, image: Volume, path: Path) -> tuple[Volume, tuple[str, ...]]:
    """A label map read at the image's voxels, by nearest neighbour; refused where either place is only guessed."""
    if not (labels.oriented and image.oriented):
        raise DataError(
            f"{path}: lies on another grid than its image, and no orientation is stored to bring them together",
            "give both as NIfTI with a correct header",
            code="GEO-24",
        )
    matrix = np.linalg.inv(labels.affine) @ image.affine
    array = ndimage.affine_transform(
        labels.array, matrix, output_shape=image.array.shape, order=0, mode="grid-constant"
    )
    return replace(image, array=array), (f"{path.name} resampled onto the grid of its image",)


def _apart(image: Volume, other: Volume) -> float:
    """Distance of corners in voxels; where a file stores no orientation only extents can be compared."""
    smallest = min(spacing(image.affine))
    if image.oriented and other.oriented:
        return corners_apart(image.affine, other.affine, image.array.shape) / smallest
    difference = np.subtract(spacing(image.affine), spacing(other.affine)) * image.array.shape
    return float(abs(difference).max()) / smallest


def check_label_ids(labels: Volume, path: Path | None, known: Set[int], study: str) -> None:
    """``DataError`` with ids and voxel counts where the map holds a label ``study`` does not have."""
    if foreign := _foreign(labels, known):
        raise DataError(
            f"{path}: {len(foreign)} labels that {study} does not have: {_listed(foreign)}",
            f"use the label maps with the study's own {len(known)} ids, or allow --unknown-labels background",
            code="VAL-23",
        )


def without_foreign(labels: Volume, known: Set[int]) -> tuple[Volume, tuple[str, ...]]:
    """The map with every unknown id set to background, and a note of what was."""
    foreign = _foreign(labels, known)
    if not foreign:
        return labels, ()
    array = np.where(np.isin(labels.array, list(foreign)), 0, labels.array)
    note = f"{len(foreign)} labels outside the table set to background: {_listed(foreign)}"
    return replace(labels, array=array), (note,)


def _foreign(labels: Volume, known: Set[int]) -> dict[int, int]:
    """Unknown id -> voxels."""
    ids, counts = np.unique(labels.array, return_counts=True)
    return {int(k): int(n) for k, n in zip(ids, counts, strict=True) if k and int(k) not in known}


def _listed(foreign: dict[int, int]) -> str:
    rest = f" and {len(foreign) - 8} more" if len(foreign) > 8 else ""
    return ", ".join(f"{k} ({n} voxels)" for k, n in list(foreign.items())[:8]) + rest
