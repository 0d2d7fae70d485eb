"""HD95 and ASSD in mm, label by label: distances between the boundary voxels of prediction and truth.

A boundary voxel has a 6-neighbour (4 in 2-D) of another value, or lies on the border of the image. With
``d(P, T)`` the distances of prediction's boundary voxels to the nearest of truth's, HD95 is the larger of
the 95th percentiles of ``d(P, T)`` and ``d(T, P)``, and ASSD the mean of both sets together.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import UsageError
from contreg_core.evaluation.overlap import check_maps, foreground

Shells = dict[int, NDArray[np.float64]]


@dataclass(frozen=True)
class SurfaceDistances:
    """``hd95`` and ``assd`` in mm by label id.

    NaN for a label absent in both maps, and for a label absent in one: its distance is infinite, which no
    mean can hold. The latter are listed in ``missing``, so that they are counted and not forgotten.
    """

    hd95: dict[int, float]
    assd: dict[int, float]
    missing: tuple[int, ...]


def surface_distances(
    predicted: NDArray[Any], truth: NDArray[Any], labels: Sequence[int], spacing: Sequence[float]
) -> SurfaceDistances:
    """Distances of two label maps ``(*space)``; ``spacing`` is the voxel size in mm of every array axis.

    Raises ``DataError`` for maps that are not integers of one shape, ``UsageError`` for another spacing.
    One pass finds the boundaries of all labels; one k-d tree a label and direction finds the nearest voxels.
    """
    check_maps(predicted, truth)
    _check_spacing(spacing, truth.ndim)
    names = foreground(labels)
    ours, theirs = shells(predicted, spacing), shells(truth, spacing)
    with ThreadPoolExecutor(_threads()) as pool:  # trees are built and asked outside Python's lock
        distances = pool.map(lambda label: _distances(ours.get(label), theirs.get(label)), names)
    found = dict(zip(names, distances, strict=True))
    return SurfaceDistances(
        {label: _hd95(*found[label]) for label in names},
        {label: _assd(*found[label]) for label in names},
        tuple(label for label in names if (label in ours) != (label in theirs)),
    )


def _threads() -> int:
    """numba's number, which is the cores this process may use unless the user says otherwise."""
    from numba import config

    return int(config.NUMBA_NUM_THREADS)


def shells(labels: NDArray[Any], spacing: Sequence[float]) -> Shells:
    """Boundary voxels of every label, ``(n, ndim)`` in mm from voxel 0, found in one pass over the map."""
    places = np.flatnonzero(_boundary(labels))
    ids = labels.reshape(-1)[places]
    if not ids.size:
        return {}
    order = np.argsort(ids, kind="stable")
    indices = np.stack(np.unravel_index(places[order], labels.shape), axis=1)
    points = indices.astype(np.float64) * np.asarray(spacing, np.float64)
    names, starts = np.unique(ids[order], return_index=True)
    return {int(name): part for name, part in zip(names, np.split(points, starts[1:]), strict=True)}


def _boundary(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a face neighbour differs or the image ends, background left out."""
    edge = np.zeros(labels.shape, np.bool_)
    for axis in range(labels.ndim):
        values, marks = np.moveaxis(labels, axis, 0), np.moveaxis(edge, axis, 0)
        differs = values[1:] != values[:-1]
        marks[1:] |= differs
        marks[:-1] |= differs
        marks[[0, -1]] = True
    edge &= labels != 0
    return edge


def _distances(
    ours: NDArray[np.float64] | None, theirs: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nearest distances from ours to theirs and back; empty where either is absent."""
    if ours is None or theirs is None:
        return np.empty(0), np.empty(0)
    return _nearest(ours, theirs), _nearest(theirs, ours)


def _nearest(points: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    # Grid points lie evenly: a tree without balancing and shrinking is built faster and answers as fast.
    tree = cKDTree(targets, leafsize=32, balanced_tree=False, compact_nodes=False)
    distances: NDArray[np.float64] = tree.query(points)[0]
    return distances


def _hd95(there: NDArray[np.float64], back: NDArray[np.float64]) -> float:
    return max(float(np.percentile(there, 95)), float(np.percentile(back, 95))) if there.size else math.nan


def _assd(there: NDArray[np.float64], back: NDArray[np.float64]) -> float:
    return float((there.sum() + back.sum()) / (there.size + back.size)) if there.size else math.nan


def _check_spacing(spacing: Sequence[float], ndim: int) -> None:
    if len(spacing) != ndim or not all(math.isfinite(size) and size > 0 for size in spacing):
        raise UsageError(
            f"voxel size {tuple(spacing)}, expected {ndim} positive numbers",
            "give one per array axis",
        )
