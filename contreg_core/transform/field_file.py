"""Displacement fields as files other tools read and write; what a file means is never guessed (directions.md)."""

from pathlib import Path

import nibabel as nib
import numpy as np

from contreg_core.errors import UsageError
from contreg_core.files import write_bytes
from contreg_core.transform.convention import CONVENTIONS, FieldFormat
from contreg_core.transform.declaration import convention_of
from contreg_core.transform.itk_grid import sheared
from contreg_core.transform.sidecar import declared
from contreg_core.transform.world import Grid, WorldField, check_reach
from contreg_core.volume import AS_IT_SAYS, ReadChoice, read_vectors, spacing
from contreg_core.volume.write import image_bytes


def write_field(
    path: Path, field: WorldField, form: FieldFormat = "itk", *, moving: Grid | None = None, code: int = 1
) -> None:
    """Write ``.nii`` or ``.nii.gz`` atomically on the field's grid, float32; the same field gives the same bytes.

    ``moving`` is the moving image's grid, which ``fsl``, ``fsl-absolute`` and ``voxel`` need; ``code`` the NIfTI form
    code. Raises ``UsageError`` where the grid is missing or the name is not a NIfTI's.
    """
    write_bytes(path, field_bytes(path, field, form, moving=moving, code=code))


def field_bytes(
    path: Path, field: WorldField, form: FieldFormat = "itk", *, moving: Grid | None = None, code: int = 1
) -> bytes:
    """What ``write_field`` writes."""
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
    image.set_qform(field.grid.affine, 0 if sheared(field.grid) else code, strip_shears=True)
    image.header.set_zooms((*spacing(field.grid.affine), *[1.0] * (image.ndim - 3)))
    return image_bytes(path, image)


def read_field(path: Path, form: FieldFormat | None = None, *, moving: Grid | None = None) -> WorldField:
    """A field file as a displacement in RAS mm on its own grid.

    Without ``form`` the file must say what it is: by contreg's sidecar, by its intent and the name of that. What it
    says outranks ``form``: raises ``UsageError`` where the two differ, where neither says anything, where the numbers
    cannot be what ``form`` says, and where the moving grid is needed and missing; ``DataError`` for coefficients.
    """
    return read_declared_field(path, form, moving=moving)[0]


def read_declared_field(
    path: Path,
    form: FieldFormat | None = None,
    *,
    moving: Grid | None = None,
    choice: ReadChoice = AS_IT_SAYS,
) -> tuple[WorldField, str]:
    """``read_field`` and, where there is one, a doubt about what was believed; ``choice`` places the file."""
    stored = read_vectors(path, choice)
    beside = declared(path)
    known = convention_of(path, stored, form, beside)
    grid = Grid(stored.affine, stored.vectors.shape[1:])
    vectors = CONVENTIONS[known].decode(stored.vectors, grid, _required(known, moving))
    check_reach(path, vectors)
    doubt = beside.doubt if known == beside.form else ""
    return WorldField(vectors.astype(np.float32), grid), doubt


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
