"""FreeSurfer's linear transforms (.lta): source points to destination points, in voxels or RAS mm."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError
from contreg_core.transform.chain import Linear
from contreg_core.volume.stream import read_text

_VOXELS, _RAS = 0, 1
_NUMBERS = r"[-+\d.eE \t]+"


def read_lta(path: Path) -> Linear:
    """The inverse of the file's matrix: it moves the source (moving) image onto the destination (fixed).

    Of types 0 (voxel to voxel, by the volumes that the file describes) and 1 (RAS to RAS). Raises ``DataError``.
    """
    text = re.sub("#.*", "", read_text(path))
    kind, count = (_number(path, text, key) for key in ("type", "nxforms"))
    if kind not in (_VOXELS, _RAS) or count != 1:
        raise DataError(
            f"{path}: an LTA of type {kind:g} with {count:g} transforms, expected one of type 0 or 1",
            "convert it: lta_convert --inlta FILE --outlta OUT.lta",
        )
    matrix = _matrix(path, text)
    if kind == _VOXELS:
        matrix = _volume(path, text, "dst") @ matrix @ np.linalg.inv(_volume(path, text, "src"))
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
        raise DataError(f"{path}: its matrix has no inverse", "write it again")
    return Linear(np.asarray(np.linalg.inv(matrix), np.float64))


def _number(path: Path, text: str, key: str) -> float:
    return float(_row(path, text, key, 1)[0])


def _row(path: Path, text: str, key: str, count: int) -> NDArray[np.float64]:
    found = re.search(rf"^\s*{key}\s*=({_NUMBERS})$", text, re.MULTILINE)
    return _floats(path, key, found.group(1) if found else "", count)


def _floats(path: Path, key: str, text: str, count: int) -> NDArray[np.float64]:
    try:
        numbers = np.array([float(word) for word in text.split()])
    except ValueError:
        numbers = np.empty(0)
    if len(numbers) != count:
        raise DataError(f"{path}: '{key}' has no {count} numbers, as an LTA has", "write it again")
    return numbers


def _matrix(path: Path, text: str) -> NDArray[np.float64]:
    rows = re.search(rf"^\s*1 4 4\s*$((?:\s+{_NUMBERS}$){{4}})", text, re.MULTILINE)
    return _floats(path, "1 4 4", rows.group(1) if rows else "", 16).reshape(4, 4)


def _volume(path: Path, text: str, side: str) -> NDArray[np.float64]:
    """Voxels to RAS mm of the volume described under ``src`` or ``dst volume info``."""
    _, _, told = text.partition(f"{side} volume info")
    told = told.partition("volume info")[0]
    if not _number(path, told, "valid"):
        raise DataError(
            f"{path}: does not describe its {side} volume, which voxels need",
            "convert it: lta_convert --inlta FILE --outlta OUT.lta --src MOVING --trg FIXED",
        )
    size, zooms = _row(path, told, "volume", 3), _row(path, told, "voxelsize", 3)
    axes = np.stack([_row(path, told, f"{axis}ras", 3) for axis in "xyz"], axis=1) * zooms
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, _row(path, told, "cras", 3) - axes @ (size / 2)
    return affine
