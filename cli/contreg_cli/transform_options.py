"""Options of the commands that read transform files."""

import click

from contreg.transforms import FORMATS
from contreg_cli import options

field_format = click.option(
    "--field-format",
    "form",
    type=click.Choice(FORMATS),
    help="What the numbers of the field mean, where the file does not say.",
)
moving = click.option(
    "--moving",
    type=options.ANY_PATH,
    metavar="IMAGE",
    help="The moving image, whose grid fsl, fsl-absolute and voxel fields depend on.",
)
fixed = click.option(
    "--fixed", type=options.ANY_PATH, metavar="IMAGE", help="Take this image's grid instead of the field's."
)
