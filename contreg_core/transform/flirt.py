"""FSL's FLIRT matrices: text, 4 x 4, moving millimetres of FSL to fixed ones, both images needed to read them."""

from pathlib import Path

import numpy as np

from contreg_core.errors import UsageError
from contreg_core.transform.chain import Linear, inverted
from contreg_core.transform.convention import fsl_matrix
from contreg_core.transform.world import Affine, Grid

_MOST_BYTES = 4096


def flirt_matrix(path: Path) -> Affine | None:
    """The four rows of a text file of 4 x 4 numbers that ends in 0 0 0 1; None for any other file."""
    if path.stat().st_size > _MOST_BYTES:
        return None
    try:
        rows = [
            [float(word) for word in line.split()] for line in path.read_text("ascii").split("\n") if line
        ]
    except ValueError:
        return None
    if [len(row) for row in rows] != [4] * 4 or rows[3] != [0, 0, 0, 1]:
        return None
    return np.array(rows)


def flirt_stage(path: Path, matrix: Affine, fixed: Grid | None, moving: Grid | None) -> Linear:
    """``A_M S_M^-1 F^-1 S_F A_F^-1``, S from voxels to FSL's millimetres; raises ``UsageError`` without both grids,
    ``DataError`` where F has no inverse.
    """
    if fixed is None or moving is None:
        raise UsageError(
            f"{path}: FLIRT's matrices depend on the grids of both images",
            "name them, --fixed (FLIRT's -ref) and --moving (its -in), to contreg transform convert FILE.mat FILE.tfm",
        )
    back = inverted(path, matrix) @ fsl_matrix(fixed) @ np.linalg.inv(fixed.affine)
    return Linear(moving.affine @ np.linalg.inv(fsl_matrix(moving)) @ back)
