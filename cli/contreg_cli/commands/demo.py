"""``contreg demo``: prepare, fit, evaluate and report on the embedded cohort."""

from pathlib import Path

import click

from contreg.plugins import load_catalogue, plugin_versions
from contreg_cli import options
from contreg_cli.saying import echo

STEPS = 180
SECONDS = 85.0
"""Of training, so that a slow machine has fewer steps and the whole is done in two minutes all the same."""
COHORT = "synthetic"
MODEL = "contrastive-vae/light"
SETTINGS = (
    "preprocessing.spacing=4",
    f"training.steps={STEPS}",
    "training.learning_rate=1e-3",
    "training.warmup_steps=10",
    "training.coarse=0",  # at this rate, after so few steps, the change to whole images throws the weights off
    "decoder.mean_std=1e-2",
    "loss.laplacian-kl.weight=0.002",
    "augmentation.flip_axis=0",
    "training.ema=0.9",
    "training.validate_every=60",
    "training.validation=2",
)
"""Half of the scans' voxels, so that two slow cores make the steps; a schedule for few of them, and a weak prior, since
few steps do not overfit far.
"""


@click.command()
@click.option(
    "--run",
    type=options.ANY_PATH,
    default=Path("contreg-demo"),
    show_default=True,
    metavar="DIR",
    help="Folder for everything: cache, run, report.",
)
@options.device
def command(run: Path, device: str) -> None:
    """Run the full pipeline on a synthetic cohort, in two minutes.

    Grows a small cohort from a seed, trains contrastive-vae/light for a few steps, scores it on subjects it has not
    seen, and writes a report to open in a browser.
    """
    from contreg.caches import open_cache
    from contreg.evaluating.evaluate import evaluate_request
    from contreg.evaluating.request import EvaluationRequest
    from contreg.fitting import train
    from contreg.recipes import find_recipe
    from contreg.reporting import write_report
    from contreg_cli.evaluation_table import print_summary
    from contreg_core.engine import Engine
    from contreg_core.training.run_folder import RunFolder
    from contreg_core.training.session import Session

    catalogue = load_catalogue()
    cache = run / "cache"
    recipe = find_recipe(catalogue, MODEL, SETTINGS)
    cohort = open_cache(catalogue, COHORT, recipe.preprocessing, cache)
    engine = Engine.choose(device)
    folder, versions = RunFolder(run), plugin_versions()
    with folder.alone():
        train(Session(recipe, cohort, folder, engine, catalogue, max_seconds=SECONDS, plugins=versions))
    summary, _ = evaluate_request(EvaluationRequest(str(run), cache=cache, device=device), catalogue)
    print_summary(summary)
    report = write_report(run, None, catalogue, cache=cache, device=device)
    before, after = summary["initial"][f"dice_{summary['headline']}"], summary["dice"]
    echo(f"Dice {before:.4f} before, {after:.4f} after registration; open {report}")
