"""Transform files written as ITK's own: composites of an affine and a displacement (.h5), single matrices (.tfm)."""

import os
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from contreg_core.errors import StorageError, UsageError
from contreg_core.files import atomic_path
from contreg_core.transform.itk_grid import LPS, columns, place, sheared
from contreg_core.transform.world import Affine, WorldField, affine_part

_ROOM = 1 << 20
"""Bytes of a file beside its numbers."""


def write_composite(path: Path, field: WorldField, affine: Affine | None = None) -> None:
    """Write ``.h5``: first the displacement, then ``affine`` (fixed world to moving world, RAS mm) where there is one.

    The two together are ``field``. ITK applies the transform last added first, so the affine is added first. Numbers
    are float64: about 2.6 times the NIfTI's size. Raises ``UsageError`` for a sheared grid, which ITK cannot hold.
    """
    if sheared(field.grid):
        raise UsageError(
            "the grid's axes are not at right angles, as ITK needs them", "write another format, such as ras"
        )
    stage = np.eye(4) if affine is None else affine
    composite = sitk.CompositeTransform(3)
    if affine is not None:
        composite.AddTransform(_itk_affine(stage))
    composite.AddTransform(_itk_field(_before(field, stage)))
    _write(path, composite, 2 * field.vectors.nbytes + _ROOM)


def write_matrix(path: Path, matrix: Affine) -> None:
    """Write ``.tfm``: one affine, fixed world to moving world, given in RAS mm."""
    _write(path, _itk_affine(matrix), _ROOM)


def _write(path: Path, transform: sitk.Transform, size: int) -> None:
    with atomic_path(path) as temporary:
        _make_room(temporary, size)
        try:
            sitk.WriteTransform(transform, str(temporary))
        except RuntimeError as error:
            raise StorageError(
                f"{path}: ITK cannot write it", "free some space and run the same command again"
            ) from error


def _make_room(path: Path, size: int) -> None:
    """Fail here on a full disk: ITK's HDF5 would end the whole process later (SIGSEGV on closing, seen)."""
    reserve = getattr(os, "posix_fallocate", None)
    if reserve is None:
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        reserve(handle, 0, size)
    finally:
        os.close(handle)


def _before(field: WorldField, stage: Affine) -> WorldField:
    """What is left of the field when the affine stage comes after it: ``G^-1 (p + u) - p``."""
    inverse = np.linalg.inv(stage)
    left = np.tensordot(inverse[:3, :3].astype(np.float32), field.vectors, axes=1)
    return WorldField(
        left + affine_part((inverse - np.eye(4)) @ field.grid.affine, field.grid.shape), field.grid
    )


def _itk_affine(matrix: Affine) -> sitk.AffineTransform:
    lps = LPS @ matrix @ LPS
    return sitk.AffineTransform(lps[:3, :3].ravel().tolist(), lps[:3, 3].tolist())


def _itk_field(field: WorldField) -> sitk.DisplacementFieldTransform:
    vectors = np.moveaxis(field.vectors, 0, -1).astype(np.float64) @ LPS[:3, :3]
    image = sitk.GetImageFromArray(np.ascontiguousarray(vectors.transpose(2, 1, 0, 3)), isVector=True)
    place(image, field.grid, columns(field.grid))
    return sitk.DisplacementFieldTransform(image)
