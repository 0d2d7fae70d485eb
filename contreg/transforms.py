"""Transform files: read by what they say of themselves or are said to be, written with a sidecar."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg.front import front
from contreg_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contreg_core.transform import Chain, FieldFormat, Grid, WorldField
    from contreg_core.volume import ReadChoice

FORMATS = ("itk", "ras", "fsl", "fsl-absolute", "spm", "voxel")


def read(
    path: Path,
    form: "FieldFormat | None" = None,
    moving: Path | None = None,
    fixed: Path | None = None,
    choice: "ReadChoice | None" = None,
) -> "Chain":
    """A transform file as it is; ``choice`` is of the two images, which some files depend on.

    Raises ``UsageError`` where an image is missing, or where ``form`` contradicts what the file says of itself.
    """
    from contreg_core.transform import CHAIN_SUFFIXES, Chain, OnGrid, read_chain, read_declared_field
    from contreg_core.volume import AS_IT_SAYS

    on_moving = None if moving is None else grid_of(moving, choice)
    if not path.name.lower().endswith(CHAIN_SUFFIXES):
        field, doubt = read_declared_field(path, form, moving=on_moving, choice=choice or AS_IT_SAYS)
        if doubt:
            front().warn(f"{path}: read as the JSON beside it says, but {doubt}")
        return Chain(str(path), (OnGrid(field, extended=True),))
    if form is not None:
        raise UsageError(f"{path}: says itself what its numbers mean", "leave --field-format out")
    chain = read_chain(path, fixed=None if fixed is None else grid_of(fixed, choice), moving=on_moving)
    for note in chain.notes:
        front().warn(f"{path}: {note}")
    return chain


def load(
    path: Path,
    form: "FieldFormat | None" = None,
    moving: Path | None = None,
    fixed: Path | None = None,
    choice: "ReadChoice | None" = None,
) -> "WorldField":
    """A transform file as a displacement on its own grid, or on ``fixed``'s; ``choice`` is of the two images."""
    chain = read(path, form, moving, fixed, choice)
    return chain.sampled(None if fixed is None else grid_of(fixed, choice))


def inverse(chain: "Chain", fixed: "Grid | None", moving: "Grid | None") -> "Chain":
    """The way back: of matrices a matrix, of a field (on ``fixed``, by default its own grid) one on ``moving``'s."""
    from contreg_core.transform import Chain, OnGrid, invert

    if chain.matrix is not None:
        return chain.inverse()
    field = chain.sampled(fixed)
    return Chain(chain.name, (OnGrid(invert(field, moving or field.grid)),))


def together(first: "Chain", second: "Chain", fixed: "Grid | None") -> "Chain":
    """``first``, then ``second``, as one map of points, on ``fixed``, by default the grid of ``first``.

    Beyond its own grid the field of ``second`` goes on as at its edge.
    """
    from contreg_core.transform import Chain, OnGrid, compose

    if second.matrix is not None:
        return Chain(first.name, (*first.stages, *second.stages))
    return Chain(first.name, (OnGrid(compose(second.sampled(), then=first.sampled(fixed))),))


def save(
    path: Path,
    chain: "Chain",
    form: "FieldFormat" = "itk",
    moving: "Grid | None" = None,
    grid: "Grid | None" = None,
) -> list[Path]:
    """Write a transform, on ``grid`` or its own; returns the files. Some conventions depend on the ``moving`` grid.

    A field in a named convention (.nii.gz, .nii), an ITK composite (.h5), or a matrix (.tfm) where it is one. Of a
    field the JSON is written first: a field whose JSON is not its own is not believed, so nothing in between is.
    """
    from contreg_core.files import write_bytes, write_json
    from contreg_core.transform import (
        CONVENTIONS,
        field_bytes,
        of_field,
        on_upright_grid,
        sidecar_path,
        upright,
        write_composite,
        write_matrix,
    )

    if path.name.endswith(".tfm"):
        if chain.matrix is None:
            raise UsageError(f"{path}: holds a matrix, which this transform is not", "write a .nii.gz or .h5")
        write_matrix(path, chain.matrix)
        return [path]
    if not path.name.endswith((".nii", ".nii.gz", ".h5")):
        raise UsageError(f"{path}: transforms are written as .nii.gz, .nii, .h5 or .tfm", "change the name")
    for_itk = path.name.endswith(".h5") or form == "itk"
    if for_itk and grid is not None and chain.matrix is not None:
        grid = upright(grid)
    field = on_upright_grid(chain.sampled(grid)) if for_itk else chain.sampled(grid)
    if path.name.endswith(".h5"):
        write_composite(path, field)
        return [path]
    content = field_bytes(path, field, form, moving=moving)
    told = {"format": form, "convention": CONVENTIONS[form].summary, "direction": _DIRECTION}
    beside = sidecar_path(path)
    write_json(beside, told | of_field(path, content))
    write_bytes(path, content)
    return [path, beside]


def refuse(output: Path, inputs: "Iterable[Path | None]", *, overwrite: bool) -> None:
    """Raise ``OutputError`` where a transform called ``output``, or its JSON, would be written over what it should not.

    Inputs are the files that are read and the JSONs beside them; otherwise as ``refuse_overwriting``.
    """
    from contreg_core.overwriting import refuse_overwriting
    from contreg_core.transform import sidecar_path

    given = [path for path in inputs if path is not None]
    beside = [] if output.name.endswith((".h5", ".tfm")) else [sidecar_path(output)]
    refuse_overwriting([output, *beside], [*given, *map(sidecar_path, given)], overwrite=overwrite)


def grid_of(path: Path, choice: "ReadChoice | None" = None) -> "Grid":
    """The grid of an image file, whatever its voxels hold."""
    from contreg_core.inference.references import read_grid
    from contreg_core.volume import AS_IT_SAYS

    return read_grid(path, choice or AS_IT_SAYS)


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
