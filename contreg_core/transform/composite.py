"""ITK's own transform files: composites of an affine and a displacement (.h5), and whatever else ITK can apply."""

import os
from pathlib import Path

import h5py
import numpy as np
import SimpleITK as sitk

from contreg_core.errors import DataError, StorageError, UsageError
from contreg_core.files import atomic_path
from contreg_core.transform.itk_grid import LPS, columns, place
from contreg_core.transform.world import Affine, Grid, WorldField, affine_part
from contreg_core.volume import spacing
from contreg_core.volume.stream import check_file

ITK_SUFFIXES = (".h5", ".hdf5", ".tfm", ".mat", ".txt", ".xfm")
_HALF_SHEAR = 1e-4
_ROOM = 1 << 20
"""Bytes of a file beside its numbers."""


def write_composite(path: Path, field: WorldField, affine: Affine | None = None) -> None:
    """Write ``.h5``: first the displacement, then ``affine`` (fixed world to moving world, RAS mm) where there is one.

    The two together are ``field``. ITK applies the transform last added first, so the affine is added first. Numbers
    are float64: about 2.6 times the NIfTI's size. Raises ``UsageError`` for a sheared grid, which ITK cannot hold.
    """
    stage = np.eye(4) if affine is None else affine
    composite = sitk.CompositeTransform(3)
    if affine is not None:
        composite.AddTransform(_itk_affine(stage))
    composite.AddTransform(_itk_field(_before(field, stage)))
    with atomic_path(path) as temporary:
        _make_room(temporary, 2 * field.vectors.nbytes + _ROOM)
        try:
            sitk.WriteTransform(composite, str(temporary))
        except RuntimeError as error:
            raise StorageError(
                f"{path}: ITK cannot write it", "free some space and run the same command again"
            ) from error


def read_transform(path: Path, grid: Grid | None = None) -> WorldField:
    """Any transform file of ITK as a displacement in RAS mm on ``grid`` (fixed points to moving points).

    Without ``grid`` the file's own displacement field gives it; a file that has none (an affine) needs one. Raises
    ``UsageError`` there and ``DataError`` where ITK cannot read the file.
    """
    check_file(path)
    try:
        _probe_hdf5(path)
        transform = sitk.ReadTransform(str(path))
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"{path}: ITK cannot read it as a transform", "name a .h5, .tfm, .mat or .txt transform file"
        ) from error
    if transform.GetDimension() != 3:
        raise DataError(
            f"{path}: a transform of {transform.GetDimension()} dimensions, expected 3", "name another"
        )
    chosen = grid or _own_grid(transform)
    if chosen is None:
        raise UsageError(f"{path}: has no grid of its own", "name the fixed image with --fixed")
    return WorldField(_sampled(transform, chosen), chosen)


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


def _probe_hdf5(path: Path) -> None:
    """Raise ``OSError`` for a damaged HDF5 file: ITK would print HDF5's own account of it first."""
    if path.suffix.lower() in (".h5", ".hdf5"):
        with h5py.File(path, "r", locking=False):
            pass


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
    place(image, field.grid, _directions(field.grid))
    return sitk.DisplacementFieldTransform(image)


def _directions(grid: Grid) -> Affine:
    found = columns(grid)
    if abs(found.T @ found - np.eye(3)).max() > _HALF_SHEAR:
        raise UsageError(
            "the fixed image's axes are not at right angles, as ITK needs them", "write --field-format ras"
        )
    return found


def _own_grid(transform: sitk.Transform) -> Grid | None:
    """The grid of the displacement field in a transform."""
    if transform.GetName() == "CompositeTransform":
        parts = sitk.CompositeTransform(transform)
        found = [_own_grid(parts.GetNthTransform(k)) for k in range(parts.GetNumberOfTransforms())]
        return next((grid for grid in reversed(found) if grid is not None), None)
    if transform.GetName() != "DisplacementFieldTransform":
        return None
    image = sitk.DisplacementFieldTransform(transform).GetDisplacementField()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return Grid(LPS @ affine, tuple(image.GetSize()))


def _sampled(transform: sitk.Transform, grid: Grid) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    reference = LPS @ grid.affine
    filtered = sitk.TransformToDisplacementFieldFilter()
    filtered.SetSize([int(n) for n in grid.shape])
    filtered.SetOutputSpacing(spacing(grid.affine))
    filtered.SetOutputOrigin(reference[:3, 3].tolist())
    filtered.SetOutputDirection(_directions(grid).ravel().tolist())
    lps = sitk.GetArrayFromImage(filtered.Execute(transform)).transpose(3, 2, 1, 0)
    return np.ascontiguousarray(lps * np.array([-1, -1, 1]).reshape(3, 1, 1, 1), dtype=np.float32)
