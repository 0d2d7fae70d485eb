"""``contreg warp``: an image, a label map or points through a transform file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg import transforms
from contreg.front import front
from contreg_cli import inferring, options, transform_options
from contreg_cli.saying import echo
from contreg_core.errors import UsageError
from contreg_core.overwriting import refuse_overwriting

if TYPE_CHECKING:
    from contreg_core.labels import LabelMode
    from contreg_core.transform import Chain, FieldFormat, WorldField
    from contreg_core.volume import ReadChoice

_MOST_LINES = 5


@click.command()
@click.argument("file", type=options.ANY_PATH)
@click.option(
    "-t",
    "--transform",
    "transform",
    required=True,
    type=options.ANY_PATH,
    metavar="FILE",
    help="Displacement field (.nii.gz) or ITK transform (.h5, .tfm, .mat).",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=options.ANY_PATH,
    metavar="OUT",
    help="A .nii.gz, or a .csv for points.",
)
@click.option(
    "--interpolation",
    type=click.Choice(["linear", "bspline", "nearest", "label"]),
    default="linear",
    show_default=True,
    help="nearest and label are for label maps; label is the neighbours' weighted vote.",
)
@click.option(
    "--points-space",
    type=click.Choice(["ras", "lps"]),
    default="ras",
    show_default=True,
    help="Of a CSV's x, y, z in mm; ANTs and ITK use lps.",
)
@inferring.background
@inferring.reading
@transform_options.field_format
@transform_options.moving
@transform_options.fixed
@options.overwrite
def command(
    file: Path,
    transform: Path,
    output: Path,
    interpolation: str,
    points_space: str,
    background: float | None,
    choice: "ReadChoice",
    form: "FieldFormat | None",
    moving: Path | None,
    fixed: Path | None,
    overwrite: bool,
) -> None:
    """Carry FILE through a transform.

    An image or label map of the moving side arrives on the fixed image's grid. Points (a CSV with columns x, y, z) go
    the other way, from fixed to moving: for points of the moving image use the inverse file.
    """
    refuse_overwriting([output], (file, transform, moving, fixed), overwrite=overwrite)
    points = file.suffix.lower() == ".csv"
    other = moving or (None if points else file)
    chain = transforms.read(transform, form, other, fixed, choice)
    if points:
        _points(file, chain, output, points_space)
    else:
        field = chain.sampled(None if fixed is None else transforms.grid_of(fixed, choice))
        if interpolation in ("nearest", "label"):
            if background is not None:
                raise UsageError("--background is of images, not of label maps", "leave it out")
            _labels(file, field, output, "nearest" if interpolation == "nearest" else "linear", choice)
        else:
            _image(file, field, output, 3 if interpolation == "bspline" else 1, background, choice)
    echo(f"written: {output}")


def _labels(file: Path, field: "WorldField", output: Path, mode: "LabelMode", choice: "ReadChoice") -> None:
    from contreg_core.inference.references import read_labels
    from contreg_core.transform import warp_labels_to
    from contreg_core.volume import write_volume

    write_volume(output, warp_labels_to(read_labels(file, choice), field, mode))


def _image(
    file: Path,
    field: "WorldField",
    output: Path,
    order: int,
    background: float | None,
    choice: "ReadChoice",
) -> None:
    from contreg_core.inference.references import read_image
    from contreg_core.labels import seems_labels
    from contreg_core.transform import warp_image_to
    from contreg_core.volume import write_volume

    image = read_image(file, choice)
    write_volume(output, warp_image_to(image, field, order, background=background))
    if seems_labels(image.array):
        how = "by B-splines" if order == 3 else "linearly"
        front().warn(
            f"{file}: looks like a label map, and was interpolated {how}, which mixes its ids; "
            "of labels add --interpolation label, or nearest"
        )


def _points(file: Path, chain: "Chain", output: Path, space: str) -> None:
    import numpy as np

    from contreg_core.transform.points_file import read_points, write_points

    flip = np.array([-1.0, -1.0, 1.0] if space == "lps" else [1.0, 1.0, 1.0])
    table, points = read_points(file)
    moved = chain.move(points * flip)
    write_points(output, table, moved.points * flip)
    if count := int(moved.outside.sum()):
        lines = ", ".join(str(line) for line in (moved.outside.nonzero()[0][:_MOST_LINES] + 2).tolist())
        front().warn(
            f"{file}: {count} of {len(points)} points lie outside the field's grid, which does not move them "
            f"(line {lines}{' ...' if count > _MOST_LINES else ''})"
        )
