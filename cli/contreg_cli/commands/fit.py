"""``contreg fit``: train a model, or go on with a run that was stopped."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contreg.plugins import load_catalogue, plugin_versions
from contreg_cli import completing, options
from contreg_cli.saying import echo

if TYPE_CHECKING:
    from contreg_core.cache import CachedCohort
    from contreg_core.engine import Engine, Precision
    from contreg_core.recipe import Recipe
    from contreg_core.training.run_folder import RunFolder


class BatchSize(click.IntRange):
    """A number of 1 or more, or ``auto``, which is 0."""

    name = "integer|auto"

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Text -> a number."""
        return 0 if value == "auto" else super().convert(value, param, ctx)


@click.command()
@options.model
@click.option(
    "--data", required=True, metavar="COHORT", shell_complete=completing.cohorts, help="A prepared cohort."
)
@options.cache
@click.option("--run", type=options.ANY_PATH, metavar="DIR", help="Run folder (default: runs/MODEL-DATA).")
@click.option(
    "--init",
    metavar="MODEL",
    shell_complete=completing.models,
    help="Start from the weights of this run, model file or trained recipe: fine-tuning; the network must be the same.",
)
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps in all.")
@click.option(
    "--epochs", type=click.IntRange(1), help="Passes over all pairs (or labelled images), instead of steps."
)
@click.option(
    "--max-time",
    metavar="TIME",
    help="Limit of the whole run, e.g. 90m, 8h; fewer steps are planned to fit.",
)
@click.option(
    "--batch-size",
    type=BatchSize(),
    help="Pairs (or labelled images) a step; auto: as many as memory holds, a power of two.",
)
@click.option(
    "--seed", type=click.IntRange(0), help="Random seed: order, augmentation, initial weights, noise."
)
@click.option(
    "--resume",
    type=click.Choice(["last", "auto"]),
    default="last",
    show_default=True,
    help="Go on from the last checkpoint alone, or where it is damaged from the one before it.",
)
@options.device
@click.option(
    "--devices", type=click.IntRange(1), metavar="N", help="Train on N GPUs of this machine (or N processes)."
)
@click.option(
    "--nodes", type=click.IntRange(1), metavar="N", help="Number of machines; prints the launch commands."
)
@click.option(
    "--dist-timeout",
    default="5m",
    show_default=True,
    metavar="TIME",
    help="How long one of several devices may be waited for.",
)
@options.precision
@click.option("--deterministic", is_flag=True, help="Bitwise reproducible on GPU (slower).")
@click.option(
    "--compile",
    "compiled",
    is_flag=True,
    help="Train through torch.compile: minutes to build, for long GPU runs.",
)
@click.option("--tensorboard", is_flag=True, help="Write event files to RUN/tensorboard (needs the extra).")
@options.settings
def command(
    model: str,
    data: str,
    cache: Path | None,
    run: Path | None,
    init: str | None,
    steps: int | None,
    epochs: int | None,
    max_time: str | None,
    batch_size: int | None,
    seed: int | None,
    resume: str,
    device: str,
    devices: int | None,
    nodes: int | None,
    dist_timeout: str,
    precision: "Precision",
    deterministic: bool,
    compiled: bool,
    tensorboard: bool,
    settings: tuple[str, ...],
) -> None:
    """Train a model on a prepared cohort; run again to go on.

    The same command goes on where a run stopped: Ctrl-C and SIGTERM save first, and a killed run loses two minutes
    at most. On several devices a batch is shared out among them, and the result is that of one.
    """
    from contreg.caches import open_cache
    from contreg.fitting import default_run, next_command, train, training_settings
    from contreg.models import weights_file
    from contreg.recipes import find_recipe
    from contreg.times import seconds
    from contreg_cli import launching
    from contreg_core.engine import Engine
    from contreg_core.ranks import Share
    from contreg_core.recipe import require_trainable
    from contreg_core.training.initial import Initial
    from contreg_core.training.run_folder import RunFolder, refuse_inputs_of_run
    from contreg_core.training.session import Session

    limit = seconds(max_time) if max_time else 0.0
    catalogue = load_catalogue()
    changes = [*settings, *training_settings(steps, epochs, batch_size, seed)]
    recipe = find_recipe(catalogue, model, changes)
    require_trainable(recipe)  # before a cohort is prepared for nothing
    folder = RunFolder(run or default_run(recipe.name, data))
    wish = launching.Wish(devices, nodes, device, dist_timeout)
    with launching.ranks(wish) as ranks:
        cohort = launching.in_turn(
            ranks, lambda: open_cache(catalogue, data, recipe.cached, cache, model, settings)
        )
        refuse_inputs_of_run(folder, model, init, *cohort.files)
        if launching.to_be_started(wish, ranks):
            if batch_size != 0:
                Share.of(recipe.training.batch_size, 0, devices or 1)
            launching.start(wish)
        engine = Engine.choose(device, precision, ranks, deterministic=deterministic, compiled=compiled)
        if batch_size == 0:
            size = _batch(recipe, cohort, engine, folder)
            recipe = find_recipe(catalogue, model, [*changes, f"training.batch_size={size}"])
        with folder.alone() if ranks.first else nullcontext():
            session = Session(
                recipe,
                cohort,
                folder,
                engine,
                catalogue,
                max_seconds=limit,
                plugins=plugin_versions(),
                fall_back=resume == "auto",
                initial=None if init is None else Initial.read(weights_file(init, catalogue)),
            )
            for warning in session.warnings:
                echo(f"warning: {warning}", err=True)
            train(session, tensorboard=tensorboard and ranks.first)
    if ranks.first:
        echo(f"next: {next_command(folder.path, cache)}")


def _batch(recipe: "Recipe", cohort: "CachedCohort", engine: "Engine", folder: "RunFolder") -> int:
    """That of the run in the folder, if there is one, or the largest that fits."""
    from contreg_core.recipe import load_recipe
    from contreg_core.training.probe import largest_batch

    before = folder.read_recipe()
    size = load_recipe(before).training.batch_size if before else 0
    size = size or largest_batch(recipe, cohort, engine, load_catalogue())
    if engine.ranks.first:
        echo(f"batch size {size}", err=True)
    return size
