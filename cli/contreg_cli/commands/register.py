"""``contreg register``: one image onto another; outputs on the fixed image's own grid."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg.fleet import Fleet
from contreg.transforms import FORMATS
from contreg_cli import inferring, options
from contreg_cli.fleet_options import fleet_options

if TYPE_CHECKING:
    from contreg_core.engine import Precision
    from contreg_core.inference.prediction import Prediction
    from contreg_core.inference.register import FieldGrid
    from contreg_core.transform import FieldFormat
    from contreg_core.volume import ReadChoice


@click.command()
@click.argument("moving", required=False, type=options.ANY_PATH, metavar="[MOVING")
@click.argument("fixed", required=False, type=options.ANY_PATH, metavar="FIXED]")
@click.option(
    "--pairs",
    type=options.ANY_PATH,
    metavar="FILE",
    help="Instead of MOVING FIXED: a CSV file with columns moving,fixed[,moving_labels,moving_mask,fixed_mask,id].",
)
@inferring.output
@inferring.run
@click.option(
    "--moving-labels", type=options.ANY_PATH, metavar="FILE", help="Label map of MOVING to carry along."
)
@click.option(
    "--moving-mask",
    type=options.ANY_PATH,
    metavar="FILE",
    help="Brain mask; needed if MOVING is not skull-stripped.",
)
@click.option(
    "--fixed-mask",
    type=options.ANY_PATH,
    metavar="FILE",
    help="Brain mask; needed if FIXED is not skull-stripped.",
)
@inferring.prediction
@click.option(
    "--field-format",
    "form",
    type=click.Choice([*FORMATS, "h5"]),
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
@inferring.background
@inferring.reading
@options.overwrite
@options.timeout
@inferring.seed
@options.device
@options.precision
@fleet_options
def command(
    moving: Path | None,
    fixed: Path | None,
    pairs: Path | None,
    output: Path,
    model: str,
    moving_labels: Path | None,
    moving_mask: Path | None,
    fixed_mask: Path | None,
    how: "Prediction",
    form: "FieldFormat",
    field_grid: "FieldGrid",
    background: float | None,
    choice: "ReadChoice",
    overwrite: bool,
    timeout: str | None,
    seed: int,
    device: str,
    precision: "Precision",
    fleet: Fleet,
) -> None:
    """Warp MOVING onto FIXED, two images of brains, extracted or with masks.

    Writes the warped image (and labels) on FIXED's own grid, the displacement as ITK and ANTs read it, its inverse on
    MOVING's grid, and a JSON file beside each displacement. Files are named after the two inputs. The
    brains are aligned first; the written displacements hold that alignment and the deformation together.

    With --pairs every pair gets a folder in DIR, named after its id (by default after its two files). Pairs that are
    done are left alone, and one that fails does not stop the others; contreg status DIR counts.
    """
    from contreg.inference_request import InferenceRequest
    from contreg.lists import ImagePair, read_pairs
    from contreg.registering import RegistrationTask, refuse_timeout, register_all, register_one
    from contreg_core.errors import UsageError
    from contreg_core.inference.belonging import record_files
    from contreg_core.overwriting import refuse_inputs

    own = (moving, fixed, moving_labels, moving_mask, fixed_mask)
    if any(own) if pairs else not (moving and fixed):
        raise UsageError(
            "register takes one pair or a list of pairs",
            "write: contreg register MOVING FIXED -o DIR, or contreg register --pairs FILE.csv -o DIR",
        )
    asked = InferenceRequest.of(fleet, model, output, device, precision, seed, how)
    refuse_timeout(timeout, fleet)
    registering = RegistrationTask(asked, form, field_grid, background, choice, timeout, overwrite)
    if pairs is not None:
        refuse_inputs(record_files(asked.output), [pairs], overwrite=overwrite)
        register_all(registering, read_pairs(fleet.place(pairs)), fleet.in_array())
        return
    assert moving is not None
    assert fixed is not None
    register_one(registering, ImagePair("", moving, fixed, moving_labels, moving_mask, fixed_mask))
