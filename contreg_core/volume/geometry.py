"""Steps that move voxels about without interpolating: every one returns array and affine together."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from nibabel import orientations
from numpy.typing import NDArray

from contreg_core.errors import UsageError
from contreg_core.volume.volume import Volume


def spacing(affine: NDArray[np.float64]) -> tuple[float, ...]:
    """Voxel size in mm along each array axis: the column lengths of the affine."""
    return tuple(float(length) for length in np.linalg.norm(affine[:3, :3], axis=0))


def axis_codes(affine: NDArray[np.float64]) -> str:
    """Where each array axis points, nearest anatomical direction: "RAS", "LPS" ..."""
    return "".join(str(code) for code in orientations.aff2axcodes(affine))


def to_ras(volume: Volume) -> Volume:
    """The same volume, axes permuted and flipped to the RAS+ order nearest to its affine; not interpolated."""
    turn = orientations.io_orientation(volume.affine)
    array = orientations.apply_orientation(volume.array, turn)
    affine = volume.affine @ orientations.inv_ornt_aff(turn, volume.array.shape)
    return replace(volume, array=np.ascontiguousarray(array), affine=affine)


def like_stored(volume: Volume, other: Volume) -> Volume:
    """``volume`` with its axes in the order and direction in which ``other`` stores its own; not interpolated."""
    turn = orientations.ornt_transform(
        orientations.io_orientation(volume.affine), orientations.io_orientation(other.affine)
    )
    array = orientations.apply_orientation(volume.array, turn)
    affine = volume.affine @ orientations.inv_ornt_aff(turn, volume.array.shape)
    return replace(volume, array=np.ascontiguousarray(array), affine=affine)


def with_orientation(volume: Volume, codes: str) -> Volume:
    """The same array under the axis codes ``codes`` ("LPS"): spacing and world centre kept.

    For files whose header stores no orientation or a wrong one.
    """
    check_codes(codes)
    centre = (np.array(volume.array.shape) - 1) / 2
    world = volume.affine[:3, :3] @ centre + volume.affine[:3, 3]
    affine = np.eye(4)
    affine[:3, :3] = _directions(codes) @ np.diag(spacing(volume.affine))
    affine[:3, 3] = world - affine[:3, :3] @ centre
    return replace(volume, affine=affine, oriented=True)


def check_codes(codes: str) -> None:
    """Refuse what does not name three axes, each once; raises ``UsageError``."""
    if len(codes) != 3 or sorted("LRAPSI".find(code) // 2 for code in codes) != [0, 1, 2]:
        raise UsageError(f"orientation {codes!r} does not name three axes", "write one such as RAS or LPS")


def _directions(codes: str) -> NDArray[np.float64]:
    """Unit columns: column k points where code k says, in RAS coordinates."""
    columns = np.zeros((3, 3))
    for axis, code in enumerate(codes):
        row, sign = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}[code]
        columns[row, axis] = sign
    return columns


def crop_or_pad(
    volume: Volume, size: Sequence[int], offset: Sequence[int] | None = None, *, fill: float = 0
) -> Volume:
    """The window of ``size`` voxels from voxel ``offset`` on (negative pads); centred where none is given.

    The affine becomes ``A [I | offset]``, so no voxel moves in the world.
    """
    old = volume.array.shape
    start = [(a - b) // 2 for a, b in zip(old, size, strict=True)] if offset is None else list(offset)
    array = np.full(tuple(size), fill, dtype=volume.array.dtype)
    low = [max(0, o) for o in start]
    high = [max(lo, min(n, o + m)) for lo, n, o, m in zip(low, old, start, size, strict=True)]
    kept = tuple(slice(lo, hi) for lo, hi in zip(low, high, strict=True))
    place = tuple(slice(lo - o, hi - o) for lo, hi, o in zip(low, high, start, strict=True))
    if all(hi > lo for lo, hi in zip(low, high, strict=True)):
        array[place] = volume.array[kept]
    shift = np.eye(4)
    shift[:3, 3] = start
    return replace(volume, array=array, affine=volume.affine @ shift)


def corners_apart(first: NDArray[np.float64], second: NDArray[np.float64], shape: Sequence[int]) -> float:
    """The largest distance in mm between the places two affines give to one corner voxel of a grid."""
    corners = np.array([(*corner, 1) for corner in product(*[(0, size - 1) for size in shape[:3]])])
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())
