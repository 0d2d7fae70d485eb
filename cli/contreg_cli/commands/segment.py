"""``contreg segment``: labels for images, carried from one or many references, or predicted by a supervised run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg_cli import completing, inferring, limits, options

if TYPE_CHECKING:
    from contreg_core.engine import Precision
    from contreg_core.inference.alignment import Alignment
    from contreg_core.inference.segment import Fusion
    from contreg_core.labels import LabelMode
    from contreg_core.volume import ReadChoice


@click.command()
@click.argument("images", nargs=-1, required=True, type=options.ANY_PATH, metavar="IMAGE...")
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
@click.option(
    "--fusion",
    "fuse",
    type=click.Choice(["majority", "weighted", "staple"]),
    default="majority",
    show_default=True,
    help="Of several references: one vote each, weighted by local similarity, or by estimated trust (STAPLE).",
)
@click.option(
    "--probabilities",
    is_flag=True,
    help="Also write the share of the votes of every label; with STAPLE and of a supervised run its probability.",
)
@inferring.label_mode
@click.option(
    "--label-table",
    type=options.FILE,
    metavar="FILE",
    help="Names and colours of the labels: TSV or CSV, FreeSurfer or ITK-SNAP (default: the one called as LABELS is).",
)
@inferring.affine
@options.cache
@inferring.reading
@limits.timeout
@options.symmetric
@options.refine
@options.samples
@inferring.seed
@options.device
@options.precision
def command(
    images: tuple[Path, ...],
    output: Path,
    model: str,
    atlases: tuple[str, ...],
    references: str | None,
    fuse: "Fusion",
    probabilities: bool,
    label_mode: "LabelMode",
    label_table: Path | None,
    affine: "Alignment",
    cache: Path | None,
    choice: "ReadChoice",
    timeout: str | None,
    symmetric: bool,
    refine: int,
    samples: int | None,
    seed: int,
    device: str,
    precision: "Precision",
) -> None:
    """Label brain-extracted images by registering references to them, or by a supervised run.

    For every IMAGE: a label map on its own grid (ids as in the atlas, or those the run learned), their names and
    colours where known, a table of volumes in mm3 and a JSON file. References are aligned to each image first. One bad
    image does not stop the others.
    """
    from contreg_cli.segmenting import (
        DirectJob,
        Job,
        atlas_name,
        check_names,
        find_references,
        parse_count,
        refuse_references,
        segment_all,
    )
    from contreg_core.inference.segmenter import TrainedSegmenter

    check_names(images)
    catalogue, trained, about = inferring.ready(
        model, output, device, precision, seed, symmetric=symmetric, refine=refine
    )
    if isinstance(trained, TrainedSegmenter):
        fused, nearest = fuse != "majority", label_mode == "nearest"
        refuse_references(
            trained,
            {
                "--atlas": atlases,
                "--references": references,
                "--fusion": fused,
                "--label-mode": nearest,
                "--label-table": label_table,
                "--samples": samples,
                "--affine": affine != "affine",
            },
        )
        segment_all(DirectJob(trained, choice, probabilities, output, about), images, timeout)
        return
    most = parse_count(references, from_cohort=not any(":" in atlas for atlas in atlases))
    found, labels = find_references(atlases, catalogue, trained, model, cache, choice, label_table)
    about["atlas"] = [atlas_name(atlas) for atlas in atlases]
    job = Job(
        trained,
        found,
        labels,
        most,
        fuse,
        label_mode,
        affine,
        samples or 0,
        seed,
        choice,
        probabilities,
        output,
        about,
    )
    segment_all(job, images, timeout)
