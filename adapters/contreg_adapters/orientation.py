"""Which way an array lies, told by its labels: no copy's header can be trusted (cohorts.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.volume import Volume, axis_codes, with_orientation

_DIRECTIONS = ("LR", "AP", "SI")


@dataclass(frozen=True)
class Landmarks:
    """Label ids whose places tell the directions of a head; of several ``bottom`` the first one present counts."""

    study: str
    pairs: tuple[tuple[int, int], ...]
    """(left, right) of one structure."""
    front: tuple[int, ...]
    back: tuple[int, ...]
    top: tuple[int, ...]
    bottom: tuple[tuple[int, ...], ...]


def true_codes(labels: NDArray[np.generic], marks: Landmarks) -> str:
    """The axis codes ("LPS") the label names imply: each anatomical direction must own one array axis."""
    centroids = _centroids(labels)
    vectors = _vectors(centroids, marks)
    axes = abs(vectors).argmax(axis=1)
    if len(set(axes.tolist())) < 3 or not abs(vectors).max(axis=1).all():
        raise DataError(
            f"the labels do not tell three axes apart: left, front and up are {vectors.round(1).tolist()} voxels",
            f"check that this is a label map of {marks.study}",
        )
    codes = {
        int(axis): names[int(v[axis] < 0)] for v, axis, names in zip(vectors, axes, _DIRECTIONS, strict=True)
    }
    return codes[0] + codes[1] + codes[2]


def corrected(volume: Volume, codes: str) -> tuple[Volume, str]:
    """``volume`` under the axis codes its labels imply, and a sentence saying what was found."""
    stored = axis_codes(volume.affine)
    if not volume.oriented:
        return with_orientation(volume, codes), f"no orientation in the file; its labels say {codes}"
    if stored == codes:
        return volume, f"orientation {codes}: header and labels agree"
    return with_orientation(volume, codes), f"header says {stored}, the labels say {codes}: labels believed"


def _vectors(centroids: Mapping[int, NDArray[np.float64]], marks: Landmarks) -> NDArray[np.float64]:
    """Rows: leftward, forward, upward, in voxels of the array."""
    below = next((ids for ids in marks.bottom if any(k in centroids for k in ids)), marks.bottom[-1])
    leftward = _leftward(centroids, marks)
    forward = _mean(centroids, marks.front) - _mean(centroids, marks.back)
    return np.array([leftward, forward, _mean(centroids, marks.top) - _mean(centroids, below)])


def _leftward(centroids: Mapping[int, NDArray[np.float64]], marks: Landmarks) -> NDArray[np.float64]:
    """Mean left centroid minus mean right one, over structures present on both sides."""
    pairs = [(a, b) for a, b in marks.pairs if a in centroids and b in centroids]
    if not pairs:
        raise _lacking("any structure of both sides")
    return np.asarray(np.mean([centroids[left] - centroids[right] for left, right in pairs], axis=0))


def _mean(centroids: Mapping[int, NDArray[np.float64]], ids: Iterable[int]) -> NDArray[np.float64]:
    found = [centroids[label] for label in ids if label in centroids]
    if not found:
        raise _lacking(f"labels {list(ids)}")
    return np.asarray(np.mean(found, axis=0))


def _lacking(what: str) -> DataError:
    return DataError(
        f"orientation cannot be checked: the label map lacks {what}", "use the study's own label maps"
    )


def _centroids(labels: NDArray[np.generic]) -> dict[int, NDArray[np.float64]]:
    """Label id -> mean voxel position."""
    where = np.nonzero(labels)
    ids, inverse, counts = np.unique(labels[where], return_inverse=True, return_counts=True)
    sums = (
        np.stack([np.bincount(inverse, weights=axis) for axis in where], axis=1)
        if len(ids)
        else np.empty((0, 3))
    )
    return dict(zip(ids.tolist(), sums / counts[:, None], strict=True))
