"""``contreg fit``: train a model, or go on with a run that was stopped."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contreg.plugins import load_catalogue, plugin_versions
from contreg_cli import completing, options

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
    type=options.ANY_PATH,
    metavar="MODEL",
    help="Start from the weights of this run or model file: fine-tuning; the network must be the same.",
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
@click.option("--seed", type=click.IntRange(0), help="Of order, augmentation, initial weights and noise.")
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
    "--nodes", type=click.IntRange(1), metavar="N", help="On N machines: says how to start it there."
)
@click.option(
    "--dist-timeout",
    default="5m",
    show_default=True,
    metavar="TIME",
    help="How long one of several devices may be waited for.",
)
@options.precision
@click.option(
    "--deterministic", is_flag=True, help="The same bits on every run on a GPU too, at some cost in speed."
)
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
    init: Path | None,
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
    from contreg.fitting import fit, next_command
    from contreg.recipes import find_recipe
    from contreg.times import seconds
    from contreg_cli import launching
    from contreg_core.engine import Engine
    from contreg_core.ranks import Share
    from contreg_core.recipe import require_trainable
    from contreg_core.training.initial import Initial
    from contreg_core.training.run_folder import RunFolder
    from contreg_core.training.session import Session

    limit = seconds(max_time) if max_time else 0.0
    catalogue = load_catalogue()
    changes = [*settings, *_training(steps, epochs, batch_size, seed)]
    recipe = find_recipe(catalogue, model, changes)
    require_trainable(recipe)  # before a cohort is prepared for nothing
    folder = RunFolder(run or default_run(recipe.name, data))
    wish = launching.Wish(devices, nodes, device, dist_timeout)
    with launching.ranks(wish) as ranks:
        cohort = launching.in_turn(
            ranks, lambda: open_cache(catalogue, data, recipe.cached, cache, model, settings)
        )
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
                initial=None if init is None else Initial.read(init),
            )
            for warning in session.warnings:
                click.echo(f"warning: {warning}", err=True)
            fit(session, tensorboard=tensorboard and ranks.first)
    if ranks.first:
        click.echo(f"next: {next_command(folder.path, cache)}")


def _batch(recipe: "Recipe", cohort: "CachedCohort", engine: "Engine", folder: "RunFolder") -> int:
    """That of the run in the folder, if there is one, or the largest that fits."""
    from contreg_core.recipe import load_recipe
    from contreg_core.training.probe import largest_batch

    before = folder.read_recipe()
    size = load_recipe(before).training.batch_size if before else 0
    size = size or largest_batch(recipe, cohort, engine, load_catalogue())
    if engine.ranks.first:
        click.echo(f"batch size {size}", err=True)
    return size


def default_run(model: str, data: str) -> Path:
    """Where a run goes that was given no folder."""
    return Path("runs") / f"{model}-{data}".replace("/", "-")


def _training(steps: int | None, epochs: int | None, batch_size: int | None, seed: int | None) -> list[str]:
    """The named options as settings of the recipe."""
    from contreg_core.errors import UsageError

    if steps and epochs:
        raise UsageError("both --steps and --epochs are given", "give one of them")
    # Epochs first: a scheme of neither is refused, even on the way to another.
    given = {
        "epochs": epochs,
        "steps": 0 if epochs else steps,
        "batch_size": batch_size or None,
        "seed": seed,
    }
    return [f"training.{name}={value}" for name, value in given.items() if value is not None]
