"""Displacement fields as files other tools read and write; what a file means is never guessed (directions.md)."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from contreg_core.errors import DataError, UsageError
from contreg_core.transform.convention import CONVENTIONS, FieldFormat
from contreg_core.transform.world import Grid, WorldField
from contreg_core.volume import VectorVolume, read_vectors, spacing
from contreg_core.volume.write import write_image

_FORMATS = ", ".join(CONVENTIONS)
_DISPLACEMENT, _FSL = 1006, 2006


def write_field(
    path: Path, field: WorldField, form: FieldFormat = "itk", *, moving: Grid | None = None, code: int = 1
) -> None:
    """Write ``.nii`` or ``.nii.gz`` atomically on the field's grid, float32; the same field gives the same bytes.

    ``moving`` is the moving image's grid, which ``fsl``, ``fsl-absolute`` and ``voxel`` need; ``code`` the NIfTI form
    code. Raises ``UsageError`` where the grid is missing or the name is not a NIfTI's.
    """
    convention = CONVENTIONS[form]
    if not path.name.endswith((".nii", ".nii.gz")):
        raise UsageError(f"{path.name}: fields are written as .nii or .nii.gz", "change the name")
    vectors = convention.encode(field.vectors.astype(np.float64), field.grid, _moving(form, moving, field))
    stored = np.moveaxis(vectors, 0, -1).astype(np.float32)
    image = nib.Nifti1Image(stored[:, :, :, None] if convention.five else stored, field.grid.affine)
    image.header.set_intent(convention.intent, name=convention.intent_name, allow_unknown=True)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"contreg: {convention.summary}".encode()[:79]
    image.set_sform(field.grid.affine, code)
    image.set_qform(field.grid.affine, 0 if _sheared(field.grid) else code, strip_shears=True)
    image.header.set_zooms((*spacing(field.grid.affine), *[1.0] * (image.ndim - 3)))
    write_image(path, image)


def read_field(path: Path, form: FieldFormat | None = None, *, moving: Grid | None = None) -> WorldField:
    """A field file as a displacement in RAS mm on its own grid.

    Without ``form`` the file must say what it is: by contreg's sidecar, by SPM's intent name, or by intent 1006, which
    has one meaning only. Raises ``UsageError`` where it does not, or where the moving grid is needed and missing.
    """
    stored = read_vectors(path)
    known = form or recognise(path, stored)
    grid = Grid(stored.affine, stored.vectors.shape[1:])
    vectors = CONVENTIONS[known].decode(stored.vectors, grid, _required(known, moving))
    return WorldField(vectors.astype(np.float32), grid)


def recognise(path: Path, stored: VectorVolume) -> FieldFormat:
    """The convention a file declares; raises ``UsageError`` where it declares none."""
    declared = sidecar(path).get("format")
    known = next((form for form in CONVENTIONS if form == declared), None)
    if known is not None:
        return known
    if stored.intent_name.startswith("NREG_TRANS"):
        raise DataError(f"{path}: a NiftyReg transform", "convert it first: reg_transform -disp")
    if stored.intent_name == CONVENTIONS["spm"].intent_name:
        return "spm"
    if stored.intent == _DISPLACEMENT:
        return "ras"
    found = (
        "FSL warps may be relative or absolute" if stored.intent == _FSL else "several tools write such files"
    )
    raise UsageError(
        f"{path}: does not say what its numbers mean ({found})", f"name it: --field-format {_FORMATS}"
    )


def sidecar_path(path: Path) -> Path:
    """The JSON beside a volume, a field or an ITK composite."""
    return path.with_name(path.name.removesuffix(".h5").removesuffix(".gz").removesuffix(".nii") + ".json")


def sidecar(path: Path) -> dict[str, Any]:
    """What the JSON beside a field says, or nothing."""
    try:
        record = json.loads(sidecar_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _moving(form: FieldFormat, moving: Grid | None, field: WorldField) -> Grid:
    """Conventions that do not depend on the moving grid get the field's own."""
    return _required(form, moving) if CONVENTIONS[form].needs_moving else field.grid


def _required(form: FieldFormat, moving: Grid | None) -> Grid:
    if moving is not None:
        return moving
    if CONVENTIONS[form].needs_moving:
        raise UsageError(
            f"the format '{form}' depends on the moving image's grid", "name that image with --moving"
        )
    return Grid(np.eye(4), (1, 1, 1))


def _sheared(grid: Grid) -> bool:
    """A qform cannot hold a shear: the sform alone does."""
    linear = grid.affine[:3, :3] / spacing(grid.affine)
    return bool(abs(linear.T @ linear - np.eye(3)).max() > 1e-4)
