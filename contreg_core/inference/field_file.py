"""Displacements as files that ITK and ANTs read: NIfTI intent 1007, LPS millimetres (reliability.md 1.1, 1.2)."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np

from contreg_core.files import atomic_path
from contreg_core.inference.world import Grid, WorldField
from contreg_core.volume import spacing

CONVENTION = "ITK displacement: NIfTI intent 1007, float32, LPS mm, shape (X, Y, Z, 1, 3)"
_LPS = np.array([-1, -1, 1], np.float32)
_VECTOR = 1007


def write_field(path: Path, field: WorldField, *, code: int = 1) -> None:
    """Write ``.nii.gz`` atomically on the field's grid; both NIfTI forms hold its affine under ``code``."""
    vectors = np.moveaxis(field.vectors, 0, -1) * _LPS
    image = nib.Nifti1Image(vectors[:, :, :, None], field.grid.affine)
    image.header.set_intent(_VECTOR)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"contreg displacement, LPS mm"
    image.set_sform(field.grid.affine, code)
    image.set_qform(field.grid.affine, 0 if _sheared(field.grid) else code, strip_shears=True)
    image.header.set_zooms((*spacing(field.grid.affine), 1.0, 1.0))
    with atomic_path(path) as temporary:
        # A fixed time stamp: the same field gives the same bytes.
        temporary.write_bytes(gzip.compress(image.to_bytes(), compresslevel=4, mtime=0))


def _sheared(grid: Grid) -> bool:
    """A qform cannot hold a shear: the sform alone does."""
    linear = grid.affine[:3, :3] / spacing(grid.affine)
    return bool(abs(linear.T @ linear - np.eye(3)).max() > 1e-4)
