"""What the numbers of a field file mean: one convention each, both ways (directions.md).

Every function takes or gives a displacement in RAS mm ``(3, *grid.shape)`` on the grid of the fixed image, which leads
from fixed points to moving points; the file's numbers are ``stored``, of the same shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contreg_core.transform.world import Affine, Grid, positions
from contreg_core.volume import spacing

FieldFormat: TypeAlias = Literal["itk", "ras", "fsl", "fsl-absolute", "spm", "voxel"]
Vectors: TypeAlias = NDArray[np.float64]
Code: TypeAlias = Callable[[Vectors, Grid, Grid], Vectors]
_LPS: Vectors = np.array([-1.0, -1.0, 1.0]).reshape(3, 1, 1, 1)


@dataclass(frozen=True)
class Convention:
    """How one family of tools stores a field.

    ``encode(vectors, fixed, moving)`` gives the stored numbers, ``decode(stored, fixed, moving)`` the displacement;
    ``needs_moving`` where they depend on the moving image's grid. ``five`` is the file's shape: (X, Y, Z, 1, 3), else
    (X, Y, Z, 3).
    """

    summary: str
    intent: int
    encode: Code
    decode: Code
    intent_name: str = ""
    five: bool = True
    needs_moving: bool = False


def _positions(vectors: Vectors, grid: Grid) -> Vectors:
    """World positions ``A v + u(v)``."""
    return positions(grid.affine, grid.shape) + vectors


def _flip(vectors: Vectors, _: Grid, __: Grid) -> Vectors:
    return vectors * _LPS


def _same(vectors: Vectors, _: Grid, __: Grid) -> Vectors:
    return vectors


def _absolute(vectors: Vectors, fixed: Grid, _: Grid) -> Vectors:
    return _positions(vectors, fixed)


def _relative(stored: Vectors, fixed: Grid, _: Grid) -> Vectors:
    return stored - positions(fixed.affine, fixed.shape)


def _to_voxels(vectors: Vectors, fixed: Grid, moving: Grid) -> Vectors:
    """``A_M^-1 (A_F v + u) - v``."""
    matrix = np.asarray(np.linalg.inv(moving.affine), np.float64)
    return _linear(matrix, vectors, fixed) - positions(np.eye(4), fixed.shape)


def _from_voxels(stored: Vectors, fixed: Grid, moving: Grid) -> Vectors:
    return _apply(moving.affine, stored + positions(np.eye(4), fixed.shape)) - positions(
        fixed.affine, fixed.shape
    )


def _to_fsl(vectors: Vectors, fixed: Grid, moving: Grid) -> Vectors:
    """``S_M A_M^-1 (A_F v + u)``: millimetres of the moving image, FSL's way."""
    matrix: Affine = fsl_matrix(moving) @ np.linalg.inv(moving.affine)
    return _linear(matrix, vectors, fixed)


def _from_fsl(stored: Vectors, fixed: Grid, moving: Grid) -> Vectors:
    return _apply(moving.affine @ np.linalg.inv(fsl_matrix(moving)), stored) - positions(
        fixed.affine, fixed.shape
    )


def _to_fsl_relative(vectors: Vectors, fixed: Grid, moving: Grid) -> Vectors:
    return _to_fsl(vectors, fixed, moving) - positions(fsl_matrix(fixed), fixed.shape)


def _from_fsl_relative(stored: Vectors, fixed: Grid, moving: Grid) -> Vectors:
    return _from_fsl(stored + positions(fsl_matrix(fixed), fixed.shape), fixed, moving)


def _linear(matrix: Affine, vectors: Vectors, grid: Grid) -> Vectors:
    """``matrix (A v + u(v))``."""
    return _apply(matrix, _positions(vectors, grid))


def _apply(matrix: Affine, points: Vectors) -> Vectors:
    moved: Vectors = np.tensordot(matrix[:3, :3], points, axes=1) + matrix[:3, 3].reshape(3, 1, 1, 1)
    return moved


def fsl_matrix(grid: Grid) -> Affine:
    """Voxels to FSL's millimetres: scaled by the voxel size, the first axis flipped where ``det(A) > 0``."""
    zooms = spacing(grid.affine)
    matrix = np.diag([*zooms, 1.0])
    if np.linalg.det(grid.affine[:3, :3]) > 0:
        matrix[0, 0], matrix[0, 3] = -zooms[0], (grid.shape[0] - 1) * zooms[0]
    return matrix


CONVENTIONS: Mapping[FieldFormat, Convention] = {
    "itk": Convention("ITK displacement: NIfTI intent 1007, LPS mm", 1007, _flip, _flip),
    "ras": Convention("RAS displacement: NIfTI intent 1006, RAS mm", 1006, _same, _same),
    "fsl": Convention(
        "FSL relative warp: mm of FSL's axes",
        2006,
        _to_fsl_relative,
        _from_fsl_relative,
        five=False,
        needs_moving=True,
    ),
    "fsl-absolute": Convention(
        "FSL absolute warp: mm of FSL's axes", 2006, _to_fsl, _from_fsl, five=False, needs_moving=True
    ),
    "spm": Convention("SPM y_ field: absolute RAS mm", 1007, _absolute, _relative, intent_name="Mapping"),
    "voxel": Convention(
        "Voxel displacement, as Learn2Reg stores it: moving voxel minus fixed voxel",
        0,
        _to_voxels,
        _from_voxels,
        five=False,
        needs_moving=True,
    ),
}
