"""Weights of 8 bits: every row of a weight in 255 steps of its own largest value, a quarter of float32's size.

Of a weight ``w`` the file holds ``model/w`` (int8) and ``scale/w`` (float32, one a row): ``w = int8 * scale``. Vectors
(biases, norms) stay as they are. The error is half a step at most, ``max|row| / 254``.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

SCALE = "scale/"
"""What the names of the steps begin with, in place of the part's name."""
_MODEL = "model/"
_STEPS = 127


def quantised(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors ``model/...`` of two or more axes in 8 bits, their scales beside them; others unchanged."""
    found = dict(tensors)
    for name, value in tensors.items():
        if name.startswith(_MODEL) and value.is_floating_point() and value.ndim > 1 and value.numel():
            scale = value.float().flatten(1).abs().amax(1) / _STEPS
            rows = _along(torch.where(scale > 0, scale, 1.0), value)
            found[name] = (value.float() / rows).round().to(torch.int8)
            found[SCALE + name.removeprefix(_MODEL)] = scale
    return found


def restored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``quantised`` undone, in float32: the scales multiplied in; what has no scale unchanged."""
    scales = {name.removeprefix(SCALE): value for name, value in tensors.items() if name.startswith(SCALE)}
    found = {name: value for name, value in tensors.items() if not name.startswith(SCALE)}
    for name, scale in scales.items():
        stored = found[_MODEL + name]
        found[_MODEL + name] = stored.float() * _along(scale, stored)
    return found


def _along(scale: Tensor, weight: Tensor) -> Tensor:
    """One value a row, to be multiplied by the weight."""
    return scale.reshape(-1, *[1] * (weight.ndim - 1))
