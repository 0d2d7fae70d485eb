"""Descent on a field: the one loop behind every solver that follows a recipe's objective."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Warper
from contreg_core.errors import UsageError
from contreg_core.model import register_by
from contreg_core.objective import Objective
from contreg_core.types import Field, Pair

_FAINT = 1e-2
"""Gradient of a voxel's own share of the loss below which Adam's steps fade: it would make rounding noise in an empty
background as strong as an edge. The median at the start of real pairs is 0.005, that of the strongest tenth 0.3."""


def objective_of(
    objective: Objective, pair: Pair, warper: Warper, field: Field
) -> Callable[[Tensor], Tensor]:
    """The recipe's objective as a function of the field's mean; all else of ``field`` is held.

    Raises ``UsageError`` for an objective without terms.
    """
    if not objective.weights:
        raise UsageError(
            "this solver minimises the recipe's losses, and there are none", "add one: -s loss.lncc.weight=1"
        )
    inverse = "inverse" in objective.needed()

    def total(mean: Tensor) -> Tensor:
        return objective(register_by(replace(field, mean=mean), pair, warper, inverse=inverse)).total

    return total


def descend(start: Tensor, loss: Callable[[Tensor], Tensor], *, steps: int, rate: float) -> Tensor:
    """Adam (Kingma & Ba 2015) from ``start`` for ``steps`` steps; the values of the lowest loss, so it never rises.

    ``rate`` is about how far the first steps move a value, in its own unit; it falls to 0 along half a cosine. The loss
    is a mean over voxels, of which ``start`` ``(B, C, *space)`` has its own number.
    """
    values = start.clone().requires_grad_()
    adam = torch.optim.Adam([values], lr=rate, eps=_FAINT, fused=True)
    best, lowest, voxels = start, start.new_full((), math.inf), start[0, 0].numel()
    for step in range(steps + 1):
        with torch.enable_grad():
            total = loss(values)
        # Chosen on the device: to read the loss would be to wait for it.
        better = total.detach() < lowest
        best = torch.where(better, values.detach(), best)
        lowest = torch.where(better, total.detach(), lowest)
        if step < steps:
            (force,) = torch.autograd.grad(total, values)
            values.grad = force * voxels
            adam.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
            adam.step()
    return best


def on_images(field: Field) -> Field:
    """The field for every voxel of the images; what it has of a variance is held there in their voxels."""
    space = [size * field.scale for size in field.mean.shape[2:]]
    variance = field.log_variance
    if variance is not None and field.scale > 1:
        variance = spatial.stretch(variance, space) + 2 * math.log(field.scale)
    return replace(field, mean=spatial.resize(field.mean, space), log_variance=variance, scale=1)


def singly(pair: Pair) -> list[Pair]:
    """The pairs of a batch: optimised one by one, so that none is the better or worse for its company."""
    return [_one(pair, number) for number in range(len(pair.fixed))]


def _one(pair: Pair, number: int) -> Pair:
    own = slice(number, number + 1)
    parts = (pair.moving, pair.fixed, pair.subjects, pair.mask)
    moving, fixed, subjects, mask = (None if part is None else part[own] for part in parts)
    assert moving is not None
    assert fixed is not None
    return Pair(moving, fixed, subjects, mask)
