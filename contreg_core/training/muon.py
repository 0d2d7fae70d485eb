"""Muon: steps of hidden weights are made orthogonal, all other weights are AdamW's."""

from typing import Any

import torch
from torch import Tensor

_MOMENTUM = 0.95
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that Jordan et al. iterate five times: it takes singular values of 0.005 to 1 to about 0.7 to 1.2."""
_ITERATIONS = 5
_LIKE_ADAM = 0.2
"""Root mean square of a step over its rate, that of AdamW in practice (Liu et al. 2025): one rate serves both."""
_HIDDEN = 8
"""Least channels in and out; heads and the first layers of images have fewer and stay with AdamW."""


class Muon(torch.optim.AdamW):
    """``W <- W - rate 0.2 sqrt(max(n, m)) orth(momentum)`` for hidden weights, AdamW for all others.

    A convolution's weight ``(out, in, *kernel)`` is taken as the matrix ``(out, in prod(kernel))``, n by m. ``orth``
    sets its singular values to about 1 (Jordan et al. 2024, "Muon"), the factor is of Liu et al. 2025, "Muon is
    scalable for LLM training". Momentum is 0.95, in Nesterov's form; weight decay is decoupled.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step; none at all, momenta included, where ``found_inf`` says so, decided on the device."""
        for group in self.param_groups:
            for weight in filter(_is_hidden, group["params"]):
                if weight.grad is not None:
                    self._turn(weight, group["lr"], group["weight_decay"])
                    weight.grad = None  # AdamW leaves it alone then
        return super().step(closure)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """AdamW's own would look for its moments in every weight's state."""
        torch.optim.Optimizer.__setstate__(self, state)

    def _turn(self, weight: Tensor, rate: float, decay: float) -> None:
        gradient, skipped = weight.grad, getattr(self, "found_inf", weight.new_zeros(()))
        assert gradient is not None
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"]
        moved = momentum.lerp(gradient, 1 - _MOMENTUM)
        matrix = gradient.lerp(moved, _MOMENTUM).flatten(1)
        change = _LIKE_ADAM * max(matrix.shape) ** 0.5 * orthogonal(matrix).view_as(weight)
        stays = skipped > 0
        momentum.copy_(torch.where(stays, momentum, moved))
        weight.copy_(torch.where(stays, weight, weight - rate * (change + decay * weight)))


def orthogonal(matrix: Tensor) -> Tensor:
    """``U S V^T`` -> about ``U V^T``, by an odd polynomial in the matrix; zeros stay zeros.

    Every power of the matrix beyond the first is one of its small Gram matrix, so that what is iterated has the size of
    the shorter side.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    matrix = matrix / matrix.norm().clamp_min(torch.finfo(matrix.dtype).tiny)
    gram = matrix @ matrix.T
    return _series(gram) @ matrix


def _series(gram: Tensor) -> Tensor:
    """``Q`` with ``Q X = q(q(...q(X)))`` for the quintic ``q``, where ``gram`` is ``X X^T``."""
    first, third, fifth = _COEFFICIENTS
    whole = identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    for _ in range(_ITERATIONS):
        factor = first * identity + third * gram + fifth * gram @ gram
        whole = factor @ whole
        gram = factor @ gram @ factor
    return whole


def _is_hidden(weight: Tensor) -> bool:
    return weight.ndim > 1 and min(weight.shape[:2]) >= _HIDDEN
