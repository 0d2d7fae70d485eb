"""Transform files: read by what they say of themselves or are said to be, written with a sidecar."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from contreg_core.transform import FieldFormat, Grid, WorldField
    from contreg_core.volume import ReadChoice

FORMATS = ("itk", "ras", "fsl", "fsl-absolute", "spm", "voxel")


def load(
    path: Path,
    form: "FieldFormat | None" = None,
    moving: Path | None = None,
    fixed: Path | None = None,
    choice: "ReadChoice | None" = None,
) -> "WorldField":
    """A transform file as a displacement on its own grid, or on ``fixed``'s; ``choice`` is of the two images."""
    from contreg_core.transform import ITK_SUFFIXES, read_field, read_transform, resample

    grid = None if fixed is None else grid_of(fixed, choice)
    if path.name.lower().endswith(ITK_SUFFIXES):
        return read_transform(path, grid)
    field = read_field(path, form, moving=None if moving is None else grid_of(moving, choice))
    return field if grid is None else resample(field, grid)


def save(
    path: Path, field: "WorldField", form: "FieldFormat" = "itk", moving: Path | None = None
) -> list[Path]:
    """Write a field in a named convention, or an ITK composite where the name ends in .h5; returns the files."""
    from contreg_core.files import write_json
    from contreg_core.transform import CONVENTIONS, sidecar_path, write_composite, write_field

    if path.name.endswith(".h5"):
        write_composite(path, field)
        return [path]
    if not path.name.endswith((".nii", ".nii.gz")):
        raise UsageError(f"{path}: transforms are written as .nii.gz, .nii or .h5", "change the name")
    write_field(path, field, form, moving=None if moving is None else grid_of(moving))
    beside = sidecar_path(path)
    write_json(beside, {"format": form, "convention": CONVENTIONS[form].summary, "direction": _DIRECTION})
    return [path, beside]


def grid_of(path: Path, choice: "ReadChoice | None" = None) -> "Grid":
    """The grid of an image file."""
    from contreg_core.inference.references import read_image
    from contreg_core.transform import Grid
    from contreg_core.volume import AS_IT_SAYS

    return Grid.of(read_image(path, choice or AS_IT_SAYS))


def describe(field: "WorldField") -> dict[str, Any]:
    """Grid, lengths in mm, volume change, folds, and the affine nearest to the map."""
    import numpy as np

    from contreg_core.transform import best_affine, jacobian_determinant
    from contreg_core.volume import axis_codes, spacing

    lengths = np.linalg.norm(field.vectors, axis=0)
    determinant = jacobian_determinant(field)
    return {
        "shape": list(field.grid.shape),
        "axes": axis_codes(field.grid.affine),
        "spacing_mm": [round(size, 4) for size in spacing(field.grid.affine)],
        "displacement_mm": _percentiles(lengths, (50, 95, 99, 100)),
        "jacobian": _percentiles(determinant, (0, 1, 50, 99, 100)),
        "folding_percent": round(100 * float((determinant <= 0).mean()), 4),
        "affine_ras": np.round(best_affine(field), 5).tolist(),
    }


def _percentiles(values: Any, ranks: tuple[int, ...]) -> dict[str, float]:
    import numpy as np

    found = np.percentile(values, ranks)
    return {f"p{rank}": round(float(value), 4) for rank, value in zip(ranks, found, strict=True)}


_DIRECTION = "points of the image this grid belongs to (fixed) to points of the other (moving); warps moving onto fixed"
