"""Gradients of the whole batch: those of all ranks added up, in one exchange."""

from collections.abc import Sequence

import torch
from torch import Tensor

from contreg_core.layout import laid_out_like
from contreg_core.ranks.group import Ranks


def add_up(weights: Sequence[Tensor], values: Tensor, ranks: Ranks) -> Tensor:
    """Replace every weight's gradient by its sum over the ranks; returns the sum of ``values`` (a vector).

    A weight without gradient on any rank keeps none (a frozen stage must not be moved by Adam's memory), so whether
    there is one travels beside the gradients.
    """
    if ranks.count == 1:
        return values
    present = values.new_tensor([weight.grad is not None for weight in weights])
    gradients = [_flat(weight) for weight in weights]
    added = ranks.add(torch.cat((values, present, *gradients)))
    head: Tensor
    head, *parts = added.split([len(values) + len(weights), *(len(one) for one in gradients)])
    anywhere = head[len(values) :].tolist()
    for weight, part, found in zip(weights, parts, anywhere, strict=True):
        weight.grad = laid_out_like(weight, part.view_as(weight)) if found else None
    return head[: len(values)]


def _flat(weight: Tensor) -> Tensor:
    gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
    return gradient.reshape(-1).float()
