"""``contreg evaluate``: score a run, or no registration at all, on the pairs of a protocol."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contreg.fleet import Fleet
from contreg.plugins import load_catalogue
from contreg_cli import completing, options
from contreg_cli.fleet_options import fleet_options
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.cohort import Split
    from contreg_core.engine import Precision
    from contreg_core.inference.segment import Fusion


@click.command()
@click.argument("run", required=False, metavar="[RUN]", shell_complete=completing.models)
@click.option(
    "--model",
    shell_complete=completing.models,
    metavar="RUN|RECIPE|none",
    help="Instead of RUN: a run, a recipe that needs no training, or none for no registration.",
)
@click.option(
    "--data",
    metavar="COHORT",
    shell_complete=completing.cohorts,
    help="Default: the cohort the run was trained on.",
)
@options.cache
@click.option(
    "--protocol",
    metavar="NAME",
    shell_complete=completing.protocols,
    help="Default: the cohort's own; see contreg data show.",
)
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only N pairs, spread over all.")
@click.option(
    "--output",
    type=options.ANY_PATH,
    metavar="DIR",
    help="Default: RUN/evaluation/PROTOCOL-SPLIT[-symmetric][-refine-N][-samples-N][-references-N-fusion-F].",
)
@options.symmetric
@options.refine
@click.option(
    "--samples",
    type=click.IntRange(2),
    metavar="N",
    help="Also draw N fields per pair of a model that gives a variance: score spread and calibration of N samples.",
)
@click.option(
    "--references",
    metavar="N|all",
    help="Score segmentation instead: so many training subjects, the most similar first, are registered and vote.",
)
@options.fusion
@options.device
@options.precision
@options.settings
@options.overwrite
@fleet_options
@options.as_json
def command(
    run: str | None,
    model: str | None,
    data: str | None,
    cache: Path | None,
    protocol: str | None,
    split: "Split",
    limit: int | None,
    output: Path | None,
    symmetric: bool,
    refine: int,
    samples: int | None,
    references: str | None,
    fuse: "Fusion",
    device: str,
    precision: "Precision",
    settings: tuple[str, ...],
    overwrite: bool,
    fleet: Fleet,
    as_json: bool,
) -> None:
    """Score a run or a solver under a named protocol: Dice, folding, distances.

    Writes pairs.csv (one row per pair) and summary.json, of shards when the last of them ends. --set changes
    a solver's recipe; --set preprocessing.KNOB=VALUE also chooses the cache of --model none.
    """
    from contreg.evaluating.evaluate import evaluate_request
    from contreg.evaluating.request import EvaluationRequest
    from contreg_cli.console import print_json
    from contreg_cli.evaluation_table import print_summary
    from contreg_core.errors import UsageError
    from contreg_core.inference.prediction import Prediction

    if (run is None) == (model is None):
        raise UsageError(
            "evaluate takes one model", "write: contreg evaluate RUN, or --model none --data COHORT"
        )
    named = str(run or model)
    fleet = fleet.in_array()
    request = EvaluationRequest(
        named, data, cache, protocol, split, limit, output, device, precision, settings,
        how=Prediction(symmetric, refine, samples or 0), references=references, fusion=fuse, overwrite=overwrite,
    )  # fmt: skip
    summary, folder = evaluate_request(request, load_catalogue(), fleet)
    if as_json:
        print_json(summary)
        return
    if not summary:
        echo(f"part {fleet.shard} is scored; the last part to end writes {folder / 'summary.json'}")
        return
    print_summary(summary)
    echo(f"written: {folder / 'summary.json'}, {folder / 'pairs.csv'}")
