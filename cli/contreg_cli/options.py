"""Options that several commands share, so that they are called and explained alike."""

from pathlib import Path

import click

from contreg.recipes import DEFAULT_MODEL
from contreg_cli import completing

UNTRAINED_MODEL = "svf-adam"
"""What registers where no model is named."""
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
ANY_PATH = click.Path(path_type=Path)

cache = click.option(
    "--cache",
    type=ANY_PATH,
    envvar="CONTREG_CACHE",
    metavar="DIR",
    help="Folder of all caches (default: CONTREG_CACHE, else the user's cache folder).",
)
model = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="RECIPE",
    shell_complete=completing.recipes,
    help="Recipe by name, a recipe file (.toml), or the run or model file it is in.",
)
run_folder = click.argument("run", type=ANY_PATH, shell_complete=completing.runs)
"""A folder of ``contreg fit``."""
settings = click.option(
    "-s",
    "--set",
    "settings",
    multiple=True,
    metavar="PATH=VALUE",
    shell_complete=completing.settings,
    help="Change the recipe, e.g. loss.lncc.window=7; may be given again, later wins.",
)
device = click.option(
    "--device", default="auto", show_default=True, metavar="NAME", help="auto, cpu, cuda or cuda:N."
)
precision = click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="Precision of convolutions; fields, warps and losses stay float32.",
)
symmetric = click.option(
    "--symmetric",
    is_flag=True,
    help="Average both directions: twice the time, exact inverses.",
)
refine = click.option(
    "--refine",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Improve a trained model's prediction by N optimisation steps on the pair; 10 to 30 are worth their time.",
)
fusion = click.option(
    "--fusion",
    "fuse",
    type=click.Choice(["majority", "weighted", "staple"]),
    default="majority",
    show_default=True,
    help="Of several references: one vote each, weighted by local similarity, or by estimated trust (STAPLE).",
)
samples = click.option(
    "--samples",
    type=click.IntRange(2),
    metavar="N",
    help="Draw N fields of a model that gives a variance; their mean is the prediction, their spread its uncertainty.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
overwrite = click.option(
    "--overwrite",
    is_flag=True,
    help="Write over inputs and over other commands' outputs, which is refused otherwise.",
)
timeout = click.option(
    "--timeout", metavar="TIME", help="Skip an image after this time, e.g. 10m; the others go on."
)
