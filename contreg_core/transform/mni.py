"""MNI's linear transforms (.xfm), as MINC and FreeSurfer write them: source points to target points, RAS mm."""

import re
from pathlib import Path

import numpy as np

from contreg_core.errors import DataError
from contreg_core.transform.chain import Linear, inverted
from contreg_core.volume.stream import read_text

_LINEAR = re.compile(r"Transform_Type\s*=\s*Linear\s*;\s*Linear_Transform\s*=([^;]*);")


def read_mni(path: Path) -> Linear:
    """The inverse of the file's matrix: it moves the source (moving) image onto the target (fixed).

    Several linear transforms in a file apply in their order. Raises ``DataError`` for any other content.
    """
    text = re.sub("%.*", "", read_text(path))
    found = _LINEAR.findall(text)
    rest = _LINEAR.sub("", text).replace("MNI Transform File", "").strip()
    whole = np.eye(4)
    for numbers in found:
        whole = _matrix(path, numbers) @ whole
    if not found or rest:
        raise DataError(
            f"{path}: found {rest[:40]!r}, expected an MNI file of linear transforms"
            if found
            else f"{path}: no linear transform of MNI in it",
            "convert it to an ITK transform (.tfm, .h5) first",
        )
    return Linear(inverted(path, whole))


def _matrix(path: Path, text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    try:
        rows = np.array([float(word) for word in text.split()]).reshape(3, 4)
    except ValueError:
        rows = np.full((3, 4), np.nan)
    matrix = np.vstack([rows, [0, 0, 0, 1]])
    if not np.isfinite(matrix).all():
        raise DataError(f"{path}: found {text.split()[:13]}, expected 3 rows of 4 numbers", "write it again")
    return matrix
