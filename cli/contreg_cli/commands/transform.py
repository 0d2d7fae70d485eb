"""``contreg transform``: field files between the conventions of the field, looked at, inverted, put together."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg import transforms
from contreg_cli import inferring, options, transform_options
from contreg_cli.console import print_json
from contreg_cli.group import Group
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.transform import FieldFormat, Grid
    from contreg_core.volume import ReadChoice

_out = click.argument("output", type=options.ANY_PATH)
_to = click.option(
    "--to",
    type=click.Choice(transforms.FORMATS),
    default="itk",
    show_default=True,
    help="Convention of a .nii.gz; a name that ends in .h5 gives an ITK composite.",
)


@click.group(cls=Group)
def command() -> None:
    """Displacement fields of ITK, ANTs, FreeSurfer, FSL, SPM and Learn2Reg.

    A field leads from fixed points to moving points and warps the moving image onto the fixed. What a file means is
    never guessed: it says so itself (contreg's JSON beside it, SPM's name, intent 1006), or --field-format does.
    """


@command.command()
@click.argument("file", type=options.ANY_PATH)
@transform_options.field_format
@transform_options.moving
@transform_options.fixed
@inferring.placing
@options.as_json
def inspect(
    file: Path,
    form: "FieldFormat | None",
    moving: Path | None,
    fixed: Path | None,
    choice: "ReadChoice",
    as_json: bool,
) -> None:
    """Grid, displacement in mm, volume change and folds of a transform."""
    record = transforms.describe(transforms.load(file, form, moving, fixed, choice))
    if as_json:
        print_json(record)
        return
    for key, value in record.items():
        text = (
            ", ".join(f"{name} {number:g}" for name, number in value.items())
            if isinstance(value, dict)
            else value
        )
        echo(f"{key}: {text}")


@command.command()
@click.argument("file", type=options.ANY_PATH)
@_out
@_to
@transform_options.field_format
@transform_options.moving
@transform_options.fixed
@inferring.placing
@options.overwrite
def convert(
    file: Path,
    output: Path,
    to: "FieldFormat",
    form: "FieldFormat | None",
    moving: Path | None,
    fixed: Path | None,
    choice: "ReadChoice",
    overwrite: bool,
) -> None:
    """The same map in another tool's convention."""
    transforms.refuse(output, (file, moving, fixed), overwrite=overwrite)
    chain = transforms.read(file, form, moving, fixed, choice)
    grids = _grids(choice, moving, fixed)
    _write(transforms.save(output, chain, to, *grids))


@command.command()
@click.argument("file", type=options.ANY_PATH)
@_out
@click.option(
    "--moving",
    type=options.ANY_PATH,
    metavar="IMAGE",
    help="The moving image, on whose grid the inverse lies (default: the field's own grid).",
)
@transform_options.field_format
@transform_options.fixed
@inferring.placing
@options.overwrite
def invert(
    file: Path,
    output: Path,
    moving: Path | None,
    form: "FieldFormat | None",
    fixed: Path | None,
    choice: "ReadChoice",
    overwrite: bool,
) -> None:
    """Invert a transform: moving points to fixed points, as an ITK field.

    The inverse of an affine is exact: a matrix (.tfm), or a field on the moving image's grid.
    """
    transforms.refuse(output, (file, moving, fixed), overwrite=overwrite)
    chain = transforms.read(file, form, moving, fixed, choice)
    grids = _grids(choice, fixed, moving)
    back = transforms.inverse(chain, *grids)
    _write(transforms.save(output, back, grid=back.grid or grids[1] or grids[0]))


@command.command()
@click.argument("first", type=options.ANY_PATH)
@click.argument("second", type=options.ANY_PATH)
@_out
@transform_options.fixed
@inferring.placing
@options.overwrite
def compose(
    first: Path, second: Path, output: Path, fixed: Path | None, choice: "ReadChoice", overwrite: bool
) -> None:
    """FIRST, then SECOND, as one map of points, on FIRST's grid.

    With FIRST from A to B and SECOND from B to C the result warps images of C onto A in one interpolation. Files that
    do not say what they mean must be converted first.
    """
    transforms.refuse(output, (first, second, fixed), overwrite=overwrite)
    (grid,) = _grids(choice, fixed)
    one = transforms.read(first, fixed=fixed, choice=choice)
    both = transforms.together(one, transforms.read(second, choice=choice), grid)
    _write(transforms.save(output, both, grid=grid))


def _grids(choice: "ReadChoice", *images: Path | None) -> "list[Grid | None]":
    return [None if image is None else transforms.grid_of(image, choice) for image in images]


def _write(written: list[Path]) -> None:
    for path in written:
        echo(f"written: {path}")
