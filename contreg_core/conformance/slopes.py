"""A gradient against central differences."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from contreg_core.conformance.law import demand

_STEPS = (1e-6, 1e-4, 2e-3)
"""One of these must do: the first for exact arithmetic, the last for a loss that computes in float32 inside."""
_SHARE = 1e-2


def demand_slopes(gradients: Mapping[str, Tensor], start: Any, value: Callable[[Any], Tensor]) -> None:
    """Raise unless the value of ``start`` changes along random directions as the gradients of its tensors say."""
    for name, gradient in gradients.items():
        direction = torch.randn(
            gradient.shape, generator=torch.Generator().manual_seed(1), dtype=gradient.dtype
        )
        slope = float((gradient * direction).sum())
        found = [_difference(start, name, step * direction, value) / (2 * step) for step in _STEPS]
        floor = 1e-7 * float(gradient.norm()) * float(direction.norm()) + 1e-9
        close = any(abs(one - slope) <= _SHARE * abs(slope) + floor for one in found)
        told = f"along {name} the gradient says {slope:.4g}, the value changes by {found[0]:.4g}"
        demand(close, told)


@torch.no_grad()
def _difference(start: Any, name: str, step: Tensor, value: Callable[[Any], Tensor]) -> float:
    here = getattr(start, name)
    ahead, behind = (value(replace(start, **{name: here + sign * step})) for sign in (1, -1))
    return float(ahead - behind)
