"""Training: a run from its recipe to its end, with progress, requests to stop, and what comes next."""

import os
import shlex
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg.front import Bar, front
from contreg.loading import Settings, as_settings
from contreg.recipes import DEFAULT_MODEL
from contreg.stopping import stopped
from contreg.tensorboard import Mirror, events
from contreg.times import duration
from contreg.wording import speaks_python
from contreg_core.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from contreg.loading import LoadedModel
    from contreg_core.engine import Precision
    from contreg_core.training.session import Progress, Session


def train(session: "Session", *, tensorboard: bool = False) -> None:
    """Train to the end, showing how it goes; ``tensorboard`` writes event files too.

    A first signal lets the step end and saves: Ctrl-C is exit 130, SIGTERM and SIGUSR1 are 75. A second stops at once.
    A signal to any rank stops them all.
    """
    if session.finished:
        front().say(f"{session.run.path}: finished already, {session.state.step} steps")
        return
    front().say(_heading(session), aside=True)
    with session.record.watching(session.engine.ranks.first):
        _to_the_end(session, tensorboard)
    front().say(
        f"{session.run.path}: {session.state.step} steps in {duration(session.state.elapsed)}{_best(session)}"
    )


@dataclass(frozen=True)
class Run(os.PathLike[str]):
    """A run on disk, finished or not; stands wherever a run folder's path does."""

    folder: Path

    def __fspath__(self) -> str:
        return os.fspath(self.folder)

    @property
    def record(self) -> dict[str, Any]:
        """``run.json``: provenance, data, steps, best validation."""
        from contreg_core.training.run_folder import RunFolder

        return RunFolder(self.folder).read_record()

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """What was logged, in order: one mapping a report or validation."""
        from contreg_core.training.run_folder import RunFolder

        return list(RunFolder(self.folder).read_metrics())

    def load(self, **options: Any) -> "LoadedModel":
        """The model, as ``contreg.load`` gives it."""
        from contreg.loading import load

        return load(self.folder, **options)


@speaks_python
def fit(
    model: str = DEFAULT_MODEL,
    data: str = "synthetic",
    *,
    run: "str | os.PathLike[str] | None" = None,
    cache: "str | os.PathLike[str] | None" = None,
    steps: int | None = None,
    epochs: int | None = None,
    max_time: str | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    init: "str | os.PathLike[str] | None" = None,
    settings: Settings = (),
    device: str = "auto",
    precision: "Precision" = "auto",
) -> Run:
    """Train a recipe on a prepared cohort, or go on with the run in its folder; the arguments are the shell's.

    ``run`` is by default ``runs/MODEL-DATA``; ``max_time`` a span as "90m". Training on several devices is the shell's:
    ``contreg fit --devices N``. Raises ``ContregError``; what was done is saved.
    """
    from contreg.caches import open_cache
    from contreg.models import weights_file
    from contreg.plugins import load_catalogue, plugin_versions
    from contreg.recipes import find_recipe
    from contreg.times import seconds
    from contreg_core.engine import Engine
    from contreg_core.recipe import require_trainable
    from contreg_core.training.initial import Initial
    from contreg_core.training.run_folder import RunFolder, refuse_inputs_of_run
    from contreg_core.training.session import Session

    catalogue = load_catalogue()
    own = as_settings(settings)
    recipe = find_recipe(catalogue, model, [*own, *training_settings(steps, epochs, batch_size, seed)])
    require_trainable(recipe)
    folder = RunFolder(Path(run) if run is not None else default_run(recipe.name, data))
    root = None if cache is None else Path(cache)
    cohort = open_cache(catalogue, data, recipe.cached, root, model, own)
    refuse_inputs_of_run(folder, model, init, *cohort.files)
    with folder.alone():
        session = Session(
            recipe,
            cohort,
            folder,
            Engine.choose(device, precision),
            catalogue,
            max_seconds=seconds(max_time) if max_time else 0.0,
            plugins=plugin_versions(),
            initial=None if init is None else Initial.read(weights_file(str(init), catalogue)),
        )
        for warning in session.warnings:
            front().warn(warning)
        train(session)
    return Run(folder.path)


def default_run(model: str, data: str) -> Path:
    """Where a run goes that was given no folder."""
    return Path("runs") / f"{model}-{data}".replace("/", "-")


def training_settings(
    steps: int | None, epochs: int | None, batch_size: int | None, seed: int | None
) -> list[str]:
    """The named options as settings of the recipe."""
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


def _to_the_end(session: "Session", tensorboard: bool) -> None:
    with (
        events(session.run.path, tensorboard) as mirror,
        front().listening(session.stop) as received,
        front().progress("fit", session.state.total, session.state.step) as bar,
    ):
        _train(session, bar, mirror)
    if not session.finished:
        number = received[0] if received else signal.SIGTERM
        raise stopped(number, f"step {session.state.step} of {session.state.total}, which is saved")


def next_command(run: Path, cache: Path | None, verb: str = "evaluate") -> str:
    """What to do with a finished run."""
    return shlex.join(["contreg", verb, str(run), *([] if cache is None else ["--cache", str(cache)])])


def _train(session: "Session", bar: Bar, mirror: Mirror) -> None:
    import torch

    try:
        for report in session.advance():
            bar.update(report.step, _values(report), report.total, report.left)
            mirror(report)
            if report.validation:
                best = ", the best so far" if report.validation.value >= session.state.best else ""
                bar.say(
                    f"step {report.step}: validation {report.validation.name} {report.validation.value:.4f}{best}"
                )
    except torch.OutOfMemoryError as error:
        session.save()
        size = session.scheme.batch_size
        kept = (
            f"step {session.state.step} is saved"
            if session.engine.ranks.first
            else "the last checkpoint is kept"
        )
        raise UnavailableError(
            f"out of memory on {session.engine.device} at batch size {size}; {kept}",
            f"use --batch-size {max(1, size // 2)} and a new --run folder, or a coarser --set preprocessing.spacing",
            code="MEM-60",
        ) from error
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise UnavailableError(
            f"an operation of '{session.recipe.name}' has no deterministic form on {session.engine.device} "
            f"({str(error).partition('.')[0]})",
            "leave out --deterministic, or choose another component with -s",
        ) from error


def _heading(session: "Session") -> str:
    place = f"goes on after step {session.state.step}" if session.resumed else f"{session.state.total} steps"
    if session.ranks_before != session.engine.ranks.count:
        place += f", made by {session.ranks_before} (equal to rounding from here, not bitwise)"
    return (
        f"{session.recipe.name} on {session.cohort.name}: {len(session.training_ids)} scans ({session.feed.content}), "
        f"{len(session.validation_ids)} held out; {session.engine.describe()}; {place}; {session.run.path}"
    )


def _values(report: "Progress") -> str:
    hidden = {"gradient_norm"} | ({"loss"} if len(report.values) == 1 else set())
    values = "  ".join(f"{name} {value:.4g}" for name, value in report.values.items() if name not in hidden)
    return f"{values}  rate {report.rate:.2g}"


def _best(session: "Session") -> str:
    best = session.state.best
    return "" if best == float("-inf") else f"; best validation {best:.4f}"
