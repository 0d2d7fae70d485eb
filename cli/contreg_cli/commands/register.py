"""``contreg register``: one image onto another; outputs on the fixed image's own grid."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg_cli import inferring, limits, options, transforms

if TYPE_CHECKING:
    from contreg_core.engine import Precision
    from contreg_core.inference.alignment import Alignment
    from contreg_core.inference.quality import Quality
    from contreg_core.inference.register import FieldGrid
    from contreg_core.labels import LabelMode
    from contreg_core.transform import FieldFormat
    from contreg_core.volume import ReadChoice


@click.command()
@click.argument("moving", type=options.ANY_PATH)
@click.argument("fixed", type=options.ANY_PATH)
@inferring.output
@inferring.run
@click.option(
    "--moving-labels", type=options.ANY_PATH, metavar="FILE", help="Label map of MOVING to carry along."
)
@click.option(
    "--moving-mask",
    type=options.ANY_PATH,
    metavar="FILE",
    help="Brain mask of MOVING, where it holds more than that.",
)
@click.option("--fixed-mask", type=options.ANY_PATH, metavar="FILE", help="Brain mask of FIXED, likewise.")
@inferring.label_mode
@inferring.affine
@click.option(
    "--field-format",
    "form",
    type=click.Choice([*transforms.FORMATS, "h5"]),
    default="itk",
    show_default=True,
    help="Convention of the displacement files; h5 is an ITK composite.",
)
@click.option(
    "--field-grid",
    type=click.Choice(["fixed", "working"]),
    default="fixed",
    show_default=True,
    help="Where the displacement is sampled: each image's own grid, or the model's (best for points).",
)
@inferring.reading
@click.option(
    "--check-lr", is_flag=True, help="Also say whether MOVING would fit better mirrored, left to right."
)
@limits.timeout
@options.symmetric
@options.refine
@options.samples
@inferring.seed
@options.device
@options.precision
def command(
    moving: Path,
    fixed: Path,
    output: Path,
    model: str,
    moving_labels: Path | None,
    moving_mask: Path | None,
    fixed_mask: Path | None,
    label_mode: "LabelMode",
    affine: "Alignment",
    form: "FieldFormat",
    field_grid: "FieldGrid",
    choice: "ReadChoice",
    check_lr: bool,
    timeout: str | None,
    symmetric: bool,
    refine: int,
    samples: int | None,
    seed: int,
    device: str,
    precision: "Precision",
) -> None:
    """Warp MOVING onto FIXED, two images of brains, extracted or with masks.

    Writes the warped image (and labels) on FIXED's own grid, the displacement as ITK and ANTs read it, its inverse on
    MOVING's grid, and a JSON file beside each displacement. Files are named after the two inputs. The
    brains are aligned first; the written displacements hold that alignment and the deformation together.
    """
    from contreg_cli.models import shown
    from contreg_core.failures import noted
    from contreg_core.inference.doubts import compare_sides, cut_off
    from contreg_core.inference.images import find_brain
    from contreg_core.inference.names import stem
    from contreg_core.inference.outputs import Input, write_registration
    from contreg_core.inference.references import read_image, read_labels_of
    from contreg_core.inference.register import register_images
    from contreg_core.inference.trained import registering
    from contreg_core.sums import record_sums

    _, found, about = inferring.ready(
        model, output, device, precision, seed, symmetric=symmetric, refine=refine
    )
    trained = registering(found, model)
    drawn = zip((0, 0, 1), (moving_labels, moving_mask, fixed_mask), strict=True)
    with noted(output, f"{stem(moving)}_to-{stem(fixed)}"), limits.within(timeout):
        images = [Input(path, read_image(path, choice)) for path in (moving, fixed)]
        labels, *masks = (
            None if path is None else read_labels_of(images[role].volume, path, choice)
            for role, path in drawn
        )
        brains = [find_brain(image.volume, mask) for image, mask in zip(images, masks, strict=True)]
        if check_lr:
            click.echo(compare_sides(brains[0], brains[1]))
        result = limits.sparing(
            lambda: register_images(
                trained,
                images[0].volume,
                images[1].volume,
                moving_labels=labels,
                masks=(masks[0], masks[1]),
                label_mode=label_mode,
                alignment=affine,
                field_grid=field_grid,
                samples=samples or 0,
            )
        )
        written = write_registration(output, result, images[0], images[1], about, form)
        record_sums(output, written)
    for warning in (*result.warnings, *cut_off(brains[0], brains[1], result.affine)):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{shown(trained.recipe.name, trained.prediction)}: {_summary(result.quality)}")
    for path in written:
        click.echo(f"written: {path}")


def _summary(quality: "Quality") -> str:
    return (
        f"NCC {quality.ncc_before:.3f} to {quality.ncc_after:.3f}, "
        f"brain overlap {quality.overlap_before:.3f} to {quality.overlap_after:.3f}, "
        f"displacement median {quality.displacement_mm['p50']:.2f} mm, 99 % {quality.displacement_mm['p99']:.2f} mm, "
        f"folding {quality.folding_percent:.3f} %"
    )
