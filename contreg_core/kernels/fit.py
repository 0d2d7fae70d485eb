"""Which tensors the compiled loops take, and as which arrays."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter


def fits(*tensors: Tensor) -> bool:
    """True for plain dense CPU tensors, all float32 or all float64, none empty, outside ``torch.compile``."""
    first = tensors[0].dtype
    return (
        first in (torch.float32, torch.float64)
        and all(plain(tensor) and tensor.dtype == first for tensor in tensors)
        and not torch.compiler.is_compiling()
    )


def plain(tensor: Tensor) -> bool:
    """A dense CPU tensor that is not empty.

    Subclasses and functorch's wrappers hide other tensors; a loop would read memory that is not there.
    """
    return (
        type(tensor) in (Tensor, Parameter)
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and tensor.numel() > 0
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    )


def array(tensor: Tensor) -> NDArray[Any]:
    """The numbers of a tensor in C order, without a copy where they lie so already."""
    return tensor.detach().contiguous().numpy()


def in_space(tensor: Tensor) -> Tensor:
    """``(B, C, *space)`` -> ``(B, C, D, H, W)``: a 2-D grid is one slice."""
    return tensor if tensor.ndim == 5 else tensor.unsqueeze(2)


def three_components(field: Tensor) -> Tensor:
    """``(B, ndim, *space)`` -> ``(B, 3, D, H, W)``: a 2-D field moves nothing out of its slice."""
    if field.ndim == 5:
        return field
    return torch.cat([torch.zeros_like(field[:, :1]), field], dim=1).unsqueeze(2)
