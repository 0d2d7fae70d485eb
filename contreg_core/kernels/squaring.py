"""Scaling and squaring on the CPU, with its gradient; only the fields between the steps are kept."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from contreg_core.kernels.fit import array, three_components

# Each thread of the backward pass adds into a field of its own; more of them would cost memory, not save time.
_MOST = 4


def squared(displacement: Tensor, steps: int) -> Tensor:
    """``u <- u + u(p + u)``, ``steps`` times; ``(B, ndim, *space)`` -> same, the edge repeated outside."""
    field: Tensor = _Squared.apply(three_components(displacement), steps)  # type: ignore[no-untyped-call]
    return field if displacement.ndim == 5 else field[:, 1:, 0]


class _Squared(Function):
    @staticmethod
    def forward(ctx: Any, displacement: Tensor, steps: int) -> Tensor:
        from contreg_core.kernels.loops import machine, squaring

        fields = [displacement.movedim(1, -1).contiguous()]
        rows, voxels = fields[0].shape[0] * fields[0].shape[1], fields[0][..., 0].numel()
        for _ in range(steps):
            fields.append(torch.empty_like(fields[-1]))
            machine.share(squaring.square, rows, voxels, array(fields[-2]), array(fields[-1]))
            if not ctx.needs_input_grad[0]:
                del fields[0]
        ctx.save_for_backward(*fields[:-1])
        return fields[-1].movedim(-1, 1).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        gradient = array(gradients[0].movedim(1, -1))
        for field in reversed(ctx.saved_tensors):
            gradient = _adjoint(array(field), gradient)
        return torch.from_numpy(gradient).movedim(-1, 1).contiguous(), None


def _adjoint(field: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
    """Threads write to places that depend on the field; the order of their sums is fixed, so runs repeat."""
    from contreg_core.kernels.loops import machine, squaring

    rows = field.shape[0] * field.shape[1]
    cuts = machine.cuts(rows, min(_MOST, machine.threads(field[..., 0].size)))
    parts = [np.zeros_like(field) for _ in cuts]
    machine.run(
        [
            (squaring.square_adjoint, (*cut, field, gradient, part))
            for cut, part in zip(cuts, parts, strict=True)
        ]
    )
    for part in parts[1:]:
        parts[0] += part
    return parts[0]
