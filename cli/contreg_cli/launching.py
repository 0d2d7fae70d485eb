"""``fit`` on several devices and machines: joining what a launcher has started, or starting ranks here."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from contreg.times import seconds
from contreg_cli.failure import PreemptedError
from contreg_cli.saying import echo
from contreg_cli.shell import shell
from contreg_core.errors import ContregError, InterruptedRunError, RetryError, UnavailableError, UsageError

if TYPE_CHECKING:
    from contreg_core.ranks import Ranks
    from contreg_core.ranks.place import Place

Result = TypeVar("Result")


@dataclass(frozen=True)
class Wish:
    """What the options say; None where they do not."""

    devices: int | None
    nodes: int | None
    device: str
    timeout: str


@contextmanager
def ranks(wish: Wish) -> "Iterator[Ranks]":
    """The ranks this process is one of. What ends them all is said by one; the others end with its exit code."""
    from contreg_core.ranks.group import ALONE, LostRankError
    from contreg_core.ranks.join import joined
    from contreg_core.ranks.place import Place
    from contreg_core.ranks.setting_up import OtherRankError
    from contreg_core.ranks.starter import started_here, stop_with_the_starter

    place = Place.found(os.environ)
    _check(wish, place)
    if started_here():
        stop_with_the_starter()
    group = ALONE
    try:
        with joined(place, _on_gpus(wish.device), seconds(wish.timeout)) as group, _seen(group):
            yield group
    except (OtherRankError, RetryError, InterruptedRunError, PreemptedError) as error:
        lost = started_here() and any(isinstance(cause, LostRankError) for cause in _causes(error))
        if lost:  # the starter tells of it, and ends this rank by SIGTERM, at any moment
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if lost or isinstance(error, OtherRankError) or (isinstance(error, ContregError) and not group.first):
            code = error.exit_code if isinstance(error, ContregError) else RetryError.exit_code
            raise click.exceptions.Exit(code) from error
        raise


def in_turn(group: "Ranks", work: Callable[[], Result]) -> Result:
    """Rank 0 does it before the others do: it may write what they then find. All fail where one does."""
    from contreg_core.ranks.setting_up import all_or_none

    if group.count > 1:
        with all_or_none(group):
            if group.first:
                work()
    with all_or_none(group):
        result = work()
    return result


def to_be_started(wish: Wish, group: "Ranks") -> bool:
    """Whether the ranks that are asked for are still to be started."""
    return group.count == 1 and (wish.devices or 1) > 1


def start(wish: Wish) -> NoReturn:
    """Run this very command as so many ranks on this machine, and end as they end."""
    import torch

    from contreg_core.ranks.launch import launch

    devices = wish.devices or 1
    if _on_gpus(wish.device) and torch.cuda.device_count() < devices:
        raise UnavailableError(
            f"{devices} devices are asked for, this machine has {torch.cuda.device_count()} GPUs",
            "give --devices no more than that, or --device cpu",
        )
    raise click.exceptions.Exit(launch([sys.executable, "-m", "contreg_cli", *shell().arguments], devices))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those it came in the midst of."""
    while error is not None:
        yield error
        error = error.__context__


@contextmanager
def _seen(group: "Ranks") -> Iterator[None]:
    """What goes on is said by rank 0; why it ends, by any."""
    if group.first:
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def _check(wish: Wish, place: "Place | None") -> None:
    if place is None:
        if (wish.nodes or 1) > 1:
            echo("\n".join(_lines(wish)))
            raise UsageError(
                f"--nodes {wish.nodes}, but no launcher has started this",
                "run one of the two lines above: the first on every machine (HOST is one of them), the second in SLURM",
            )
        return
    started = {"devices": place.here, "nodes": place.count // place.here}
    for name, found in started.items():
        wanted = getattr(wish, name)
        if wanted not in (None, found):
            raise UsageError(
                f"--{name} {wanted}, but {place.launcher} has started {found}",
                f"leave --{name} out, or make them match",
            )


def _lines(wish: Wish) -> tuple[str, str]:
    """The command lines that start this command on several machines, by torchrun and by srun."""
    command = shlex.join(["contreg", *shell().arguments])
    nodes, devices = wish.nodes, wish.devices or 1
    return (
        f"torchrun --nnodes {nodes} --nproc-per-node {devices} --rdzv-backend c10d --rdzv-endpoint HOST:29500 "
        f"--no-python -- {command}",
        f"srun --nodes {nodes} --ntasks-per-node {devices} --kill-on-bad-exit=1 {command}",
    )


def _on_gpus(device: str) -> bool:
    import torch

    return device.partition(":")[0] in ("auto", "cuda") and torch.cuda.is_available()
