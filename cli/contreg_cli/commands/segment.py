"""``contreg segment``: labels for images, carried from one or many references, or predicted by a supervised run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg.fleet import Fleet
from contreg_cli import completing, inferring, options
from contreg_cli.fleet_options import fleet_options

if TYPE_CHECKING:
    from contreg_core.engine import Precision
    from contreg_core.inference.prediction import Prediction
    from contreg_core.inference.segment import Fusion
    from contreg_core.volume import ReadChoice


@click.command()
@click.argument("images", nargs=-1, type=options.ANY_PATH, metavar="[IMAGE...]")
@click.option(
    "--images",
    "listed",
    type=options.ANY_PATH,
    metavar="FILE",
    help="Instead of IMAGE...: a CSV file with columns image[,id]; outputs are named after the ids.",
)
@inferring.output
@inferring.run
@click.option(
    "--atlas",
    "atlases",
    multiple=True,
    metavar="IMAGE:LABELS|COHORT",
    shell_complete=completing.atlases,
    help="A labelled image (may be given again), or a prepared cohort's training subjects; not with a run of unet.",
)
@click.option(
    "--references",
    metavar="N|all",
    help="How many, the most similar first (default: of a cohort 1, of files all).",
)
@options.fusion
@click.option(
    "--probabilities",
    is_flag=True,
    help="Also write the share of the votes of every label; with STAPLE and of a supervised run its probability.",
)
@click.option(
    "--label-table",
    type=options.FILE,
    metavar="FILE",
    help="Names and colours of the labels: TSV or CSV, FreeSurfer or ITK-SNAP (default: the one called as LABELS is).",
)
@inferring.prediction
@options.cache
@inferring.reading
@options.overwrite
@options.timeout
@inferring.seed
@options.device
@options.precision
@fleet_options
def command(
    images: tuple[Path, ...],
    listed: Path | None,
    output: Path,
    model: str,
    atlases: tuple[str, ...],
    references: str | None,
    fuse: "Fusion",
    probabilities: bool,
    label_table: Path | None,
    how: "Prediction",
    cache: Path | None,
    choice: "ReadChoice",
    overwrite: bool,
    timeout: str | None,
    seed: int,
    device: str,
    precision: "Precision",
    fleet: Fleet,
) -> None:
    """Label brain-extracted images by registering references to them, or by a supervised run.

    For every IMAGE: a label map on its own grid (ids as in the atlas, or those the run learned), their names and
    colours where known, a table of volumes in mm3 and a JSON file. References are aligned to each image first. One bad
    image does not stop the others. Of many images those that are done are left alone, and contreg status DIR counts; a
    single one is always done anew.
    """
    from contreg.inference_request import InferenceRequest
    from contreg.lists import picture, read_pictures
    from contreg.registering import refuse_timeout
    from contreg.segmenting import SegmentationTask, check_names, placed, segment_all, segment_one
    from contreg_core.errors import UsageError
    from contreg_core.inference.belonging import record_files
    from contreg_core.overwriting import refuse_inputs

    if bool(images) == (listed is not None):
        raise UsageError(
            "segment takes images or a list of them",
            "write: contreg segment IMAGE... -o DIR, or --images FILE.csv",
        )
    given = [picture(fleet.place(path)) for path in images]
    pictures = read_pictures(fleet.place(listed)) if listed else given
    check_names(pictures)
    refuse_timeout(timeout, fleet)
    asked = InferenceRequest.of(fleet, model, output, device, precision, seed, how)
    kind = references, fuse, label_table and fleet.place(label_table)
    place = cache and fleet.place(cache)
    segmenting = SegmentationTask(
        asked, placed(atlases, fleet), *kind, place, choice, probabilities, timeout, overwrite
    )
    refuse_inputs(record_files(asked.output), [listed], overwrite=overwrite)
    if len(images) == 1:
        segment_one(segmenting, pictures[0])
    else:
        segment_all(segmenting, pictures, fleet.in_array())
