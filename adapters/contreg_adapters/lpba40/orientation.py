"""Which way an LPBA40 array lies, told by its labels: no copy's header can be trusted (methods.md D.1)."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.volume import Volume, axis_codes, with_orientation

_LEFT = tuple(range(21, 166, 2))
"""Odd ids are left, the following even ids right."""
_FRONT, _BACK = (33, 34), (61, 62)
"""Gyrus rectus; superior occipital gyrus."""
_TOP, _BOTTOM, _LOW = (27, 28), (181, 182), (85, 86, 91, 92)
"""Precentral gyrus; cerebellum and brainstem; where cut away, inferior temporal and fusiform gyri."""
_DIRECTIONS = ("LR", "AP", "SI")


def true_codes(labels: NDArray[np.generic]) -> str:
    """The axis codes ("LPS") the label names imply: each anatomical direction must own one array axis."""
    centroids = _centroids(labels)
    vectors = np.array([_leftward(centroids), _forward(centroids), _upward(centroids)])
    axes = abs(vectors).argmax(axis=1)
    if len(set(axes.tolist())) < 3 or not abs(vectors).max(axis=1).all():
        raise DataError(
            f"the labels do not tell three axes apart: left, front and up are {vectors.round(1).tolist()} voxels",
            "check that this is an LPBA40 label map",
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


def _leftward(centroids: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean left centroid minus mean right one, over structures present on both sides."""
    pairs = [(k, k + 1) for k in _LEFT if k in centroids and k + 1 in centroids]
    if not pairs:
        raise _lacking("any structure of both sides")
    return np.asarray(np.mean([centroids[left] - centroids[right] for left, right in pairs], axis=0))


def _forward(centroids: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    return _mean(centroids, _FRONT) - _mean(centroids, _BACK)


def _upward(centroids: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    below = _BOTTOM if any(label in centroids for label in _BOTTOM) else _LOW
    return _mean(centroids, _TOP) - _mean(centroids, below)


def _mean(centroids: Mapping[int, NDArray[np.float64]], ids: Iterable[int]) -> NDArray[np.float64]:
    found = [centroids[label] for label in ids if label in centroids]
    if not found:
        raise _lacking(f"labels {list(ids)}")
    return np.asarray(np.mean(found, axis=0))


def _lacking(what: str) -> DataError:
    return DataError(
        f"orientation cannot be checked: the label map lacks {what}", "use the 56-structure label maps"
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
