"""The step that is being made: while it lasts, components see the whole batch through it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from contreg_core.ranks.group import Ranks
from contreg_core.ranks.share import Share


@dataclass(frozen=True)
class Step:
    """Whose step it is, which items are here, and a generator of random numbers for each of them."""

    ranks: Ranks
    share: Share
    generators: Sequence[torch.Generator]


_current: list[Step] = []
"""At most one; a module's, not a thread's, for torch runs backward passes in threads of its own."""


@contextmanager
def together(ranks: Ranks, share: Share, seeds: Sequence[int], device: torch.device) -> Iterator[None]:
    """Inside, the functions of this room speak of this step; ``seeds`` has one for each item of the share."""
    _current.append(Step(ranks, share, [torch.Generator(device).manual_seed(seed) for seed in seeds]))
    try:
        yield
    finally:
        _current.pop()


def current() -> Step | None:
    """The step that is being made, if any."""
    return _current[-1] if _current else None


def several() -> Ranks | None:
    """The ranks of this step where there are more than one."""
    step = current()
    return step.ranks if step and step.ranks.count > 1 else None


def items(here: int) -> int:
    """How many items the whole batch has, ``here`` of which are on this rank."""
    step = current()
    return step.share.whole if step else here


def total(tensor: Tensor) -> Tensor:
    """Sum over all ranks of a tensor, with gradients: for statistics of the whole batch.

    A loss of such sums is the same on every rank; its gradient is right as it stands.
    """
    ranks = several()
    if ranks is None:
        return tensor
    added: Tensor = _Total.apply(tensor, ranks)  # type: ignore[no-untyped-call]
    return added


def whole(tensor: Tensor) -> Tensor:
    """``(B here, ...)`` -> ``(B of all ranks, ...)`` in the order of the batch, with gradients."""
    step = current()
    if step is None or step.ranks.count == 1:
        return tensor
    before, after = step.share.first, step.share.whole - step.share.first - step.share.size
    rest = tensor.shape[1:]
    return total(torch.cat((tensor.new_zeros(before, *rest), tensor, tensor.new_zeros(after, *rest))))


class _Total(torch.autograd.Function):
    """Every rank's output is the sum, so every rank's input has the sum of all outputs' gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        return ranks.add(tensor.clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        ranks: Ranks = ctx.ranks
        return ranks.add(gradients[0].clone(memory_format=torch.contiguous_format)), None
