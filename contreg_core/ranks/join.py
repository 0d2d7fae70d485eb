"""Joining the other ranks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch.distributed as dist

from contreg_core.errors import RetryError
from contreg_core.ranks.group import ALONE, Ranks
from contreg_core.ranks.place import Place


@contextmanager
def joined(place: Place | None, gpus: bool, timeout: float) -> Iterator[Ranks]:
    """The group this process belongs to, for as long as the block lasts; None is a process alone.

    ``timeout`` in seconds: how long a rank is waited for. Tensors on a CPU travel by gloo, those on a GPU by NCCL.
    Raises ``RetryError`` where the others do not come.
    """
    if place is None:
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if gpus else "gloo"
    limit = timedelta(seconds=timeout)
    try:
        dist.init_process_group(
            backend, place.meeting, rank=place.number, world_size=place.count, timeout=limit
        )
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise RetryError(
            f"rank {place.number} of {place.count} met no other at {place.meeting} ({reason})",
            "run the same command again; between machines, set MASTER_ADDR or GLOO_SOCKET_IFNAME to their network",
        ) from error
    try:
        yield Ranks(place.number, place.count, place.local)
    finally:
        dist.destroy_process_group()
