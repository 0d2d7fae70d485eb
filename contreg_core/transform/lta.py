"""FreeSurfer's linear transforms (.lta): source points to destination points, in voxels or RAS mm."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.transform.chain import Linear, inverted
from contreg_core.volume.stream import read_text

_VOXELS, _RAS = 0, 1
Told = Mapping[str, str]


def read_lta(path: Path) -> Linear:
    """The inverse of the file's matrix: it moves the source (moving) image onto the destination (fixed).

    Of types 0 (voxel to voxel, by the volumes that the file describes) and 1 (RAS to RAS). Raises ``DataError``.
    """
    lines = [" ".join(line.partition("#")[0].split()) for line in read_text(path).splitlines()]
    head, rest = _parted(list(filter(None, lines)), "1 4 4")
    told = _told(head)
    kind, count = (float(_numbers(path, told, key, 1)[0]) for key in ("type", "nxforms"))
    if kind not in (_VOXELS, _RAS) or count != 1:
        raise DataError(
            f"{path}: an LTA of type {kind:g} with {count:g} transforms, expected one of type 0 or 1",
            "convert it: lta_convert --inlta FILE --outlta OUT.lta",
        )
    matrix = _numbers(path, {"1 4 4": " ".join(rest[:4])}, "1 4 4", 16).reshape(4, 4)
    if kind == _VOXELS:
        source, destination = _parted(_parted(rest, "src volume info")[1], "dst volume info")
        affines = [_volume(path, _told(lines)) for lines in (destination, source)]
        matrix = affines[0] @ matrix @ inverted(path, affines[1])
    return Linear(inverted(path, matrix))


def _parted(lines: Sequence[str], mark: str) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before and after a line."""
    at = lines.index(mark) if mark in lines else len(lines)
    return lines[:at], lines[at + 1 :]


def _told(lines: Sequence[str]) -> Told:
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _numbers(path: Path, told: Told, key: str, count: int) -> NDArray[np.float64]:
    try:
        numbers = np.array([float(word) for word in told.get(key, "").split()])
    except ValueError:
        numbers = np.empty(0)
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise DataError(f"{path}: '{key}' has not the {count} numbers of an LTA", "write it again")
    return numbers


def _volume(path: Path, told: Told) -> NDArray[np.float64]:
    """Voxels to RAS mm of a volume that the file describes."""
    if told.get("valid", "0").split()[:1] != ["1"]:
        raise DataError(
            f"{path}: does not describe the volumes whose voxels it maps",
            "convert it: lta_convert --inlta FILE --outlta OUT.lta --src MOVING --trg FIXED",
        )
    size, zooms = _numbers(path, told, "volume", 3), _numbers(path, told, "voxelsize", 3)
    axes = np.stack([_numbers(path, told, f"{axis}ras", 3) for axis in "xyz"], axis=1) * zooms
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, _numbers(path, told, "cras", 3) - axes @ (size / 2)
    return affine
