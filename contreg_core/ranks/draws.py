"""Random numbers that belong to an item, so that it does not matter on which rank it lies."""

from collections.abc import Callable

import torch
from torch import Tensor

from contreg_core.ranks.step import current


def normal_like(tensor: Tensor) -> Tensor:
    """Normal noise in the shape of ``(B, ...)``, each item's own."""
    return _rows(tensor, torch.randn)


def uniform(tensor: Tensor) -> Tensor:
    """Uniform noise in [0, 1) in the shape of ``(B, ...)``, each item's own."""
    return _rows(tensor, torch.rand)


def permutation(item: int, length: int, device: torch.device) -> Tensor:
    """A random order of ``length`` things of the ``item``-th item on this rank."""
    step = current()
    generator = step.generators[item] if step else None
    return torch.randperm(length, generator=generator, device=device)


def _rows(tensor: Tensor, draw: Callable[..., Tensor]) -> Tensor:
    """A leading axis of k times the batch (moving and fixed stacked, say) is k draws of every item."""
    step, place = current(), {"dtype": tensor.dtype, "device": tensor.device}
    if step is None or len(tensor) % step.share.size:
        return draw(tensor.shape, **place)
    size = step.share.size
    rows = [draw(tensor.shape[1:], generator=step.generators[k % size], **place) for k in range(len(tensor))]
    return torch.stack(rows)
