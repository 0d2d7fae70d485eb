"""bfloat16 convolutions, but for those that a CPU gets wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_CONVOLUTIONS = {
    torch.conv2d,
    torch.conv3d,
    torch.conv_transpose2d,
    torch.conv_transpose3d,
}
_LEAST = 3
"""Voxels along every axis from which on oneDNN's bfloat16 convolutions were found right.

Of volumes that have one or two along an axis, oneDNN (as PyTorch 2.13 has it, on AVX-512 with bfloat16) reads and
writes memory that is not theirs: gradients of weights come out as whatever lay there, and the heap may break.
"""


@contextmanager
def bfloat16(device: str) -> Iterator[None]:
    """Autocast to bfloat16; on a CPU convolutions of the smallest volumes run in float32, and lose nothing by it."""
    with torch.autocast(device, torch.bfloat16):
        if device != "cpu":
            yield
            return
        with _SmallInFloat32():
            yield


class _SmallInFloat32(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if func not in _CONVOLUTIONS or not _small(*_operands(args, named)):
            return func(*args, **named)
        with torch.autocast("cpu", enabled=False):
            values = func(*map(_wide, args), **{name: _wide(value) for name, value in named.items()})
        return values.to(torch.bfloat16)


def _operands(args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """(volume, weight), by place or by name."""
    volume = args[0] if args else named["input"]
    return volume, args[1] if len(args) > 1 else named["weight"]


def _small(volume: Tensor, weight: Tensor) -> bool:
    casts = volume.dtype == torch.bfloat16 or torch.is_autocast_enabled("cpu")
    space = volume.shape[2 - weight.ndim :]  # with a batch or without one
    return volume.device.type == "cpu" and casts and min(space) < _LEAST


def _wide(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) else value
