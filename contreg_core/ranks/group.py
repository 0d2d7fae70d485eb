"""A group of ranks: its sums, its agreements. The transport is ``torch.distributed``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from contreg_core.errors import RetryError
from contreg_core.ranks.share import Share


@dataclass(frozen=True)
class Ranks:
    """Rank ``number`` of ``count``, the ``local``-th on its machine. Rank 0 writes, logs and validates.

    Methods that speak to the others are called by all ranks, in one order; they raise ``LostRankError`` where another
    rank has died or is silent for longer than the time allowed.
    """

    number: int = 0
    count: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this is rank 0."""
        return self.number == 0

    def share(self, batch: int) -> Share:
        """This rank's items of a batch."""
        return Share.of(batch, self.number, self.count)

    def add(self, tensor: Tensor) -> Tensor:
        """The sum over all ranks, in place; the same bits on every rank and in every repetition."""
        if self.count > 1:
            with _answered():
                dist.all_reduce(tensor)
        return tensor

    def largest(self, *values: float) -> list[float]:
        """The largest of each value on any rank: how ranks agree on a clock, or that one of them wants to stop."""
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        with _answered():
            dist.all_reduce(tensor, dist.ReduceOp.MAX)
        return [float(value) for value in tensor]

    def from_first(self, tensor: Tensor) -> Tensor:
        """Rank 0's values, in place."""
        if self.count > 1:
            with _answered():
                dist.broadcast(tensor, 0)
        return tensor


class LostRankError(RetryError):
    """The others cannot be reached; the run goes on from its last checkpoint when it is started again."""


ALONE = Ranks()


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # gloo's own errors are of no narrower kind
        reason = str(error).splitlines()[0]
        raise LostRankError(
            f"another rank died or is silent ({reason})", "run the same command again to go on"
        ) from error
