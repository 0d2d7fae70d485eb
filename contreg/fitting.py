"""Running a training session from the shell: progress, signals, what comes next."""

import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from contreg.front import Bar, front
from contreg.stopping import stopped
from contreg.tensorboard import Mirror, events
from contreg.times import duration
from contreg_core.errors import UnavailableError

if TYPE_CHECKING:
    from contreg_core.training.session import Progress, Session


def fit(session: "Session", *, tensorboard: bool = False) -> None:
    """Train to the end, showing how it goes; ``tensorboard`` writes event files too.

    A first signal lets the step end and saves: Ctrl-C is exit 130, SIGTERM and SIGUSR1 are 75. A second stops at once.
    A signal to any rank stops them all.
    """
    if session.finished:
        front().say(f"{session.run.path}: finished already, {session.state.step} steps")
        return
    front().say(_heading(session), aside=True)
    with session.told():
        _to_the_end(session, tensorboard)
    front().say(
        f"{session.run.path}: {session.state.step} steps in {duration(session.state.elapsed)}{_best(session)}"
    )


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
