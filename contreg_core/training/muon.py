"""Muon: steps of hidden weights are made orthogonal, all other weights are AdamW's."""

from collections.abc import Sequence
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
            hidden = [one for one in group["params"] if _is_hidden(one) and one.grad is not None]
            if hidden:
                self._turn(hidden, group["lr"], group["weight_decay"])
            for weight in hidden:
                weight.grad = None  # AdamW leaves it alone then
        return super().step(closure)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """AdamW's own would look for its moments in every weight's state."""
        torch.optim.Optimizer.__setstate__(self, state)

    def _turn(self, weights: list[Tensor], rate: float, decay: float) -> None:
        """All weights together: on a GPU a step of this size is as long as the list of what it starts."""
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        momenta = [self._momentum(weight) for weight in weights]
        moved = torch._foreach_lerp(momenta, gradients, 1 - _MOMENTUM)
        matrices = [one.flatten(1) for one in torch._foreach_lerp(gradients, moved, _MOMENTUM)]
        changes = [
            one.reshape_as(weight) * (_LIKE_ADAM * max(one.shape) ** 0.5)
            for one, weight in zip(orthogonal(matrices), weights, strict=True)
        ]
        torch._foreach_add_(changes, weights, alpha=decay)
        turned = torch._foreach_add(weights, changes, alpha=-rate)
        _keep_or_take([*momenta, *weights], [*moved, *turned], vars(self).get("found_inf"))

    def _momentum(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"]
        return momentum


def _keep_or_take(old: list[Tensor], new: Sequence[Tensor], skipped: Tensor | None) -> None:
    """``old`` becomes ``new``, unless it is to stay."""
    if skipped is not None:
        stays = skipped > 0
        new = [torch.where(stays, *both) for both in zip(old, new, strict=True)]
    torch._foreach_copy_(old, list(new))


def orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """``U S V^T`` -> about ``U V^T`` of each, by an odd polynomial in the matrix; zeros stay zeros.

    Every power of a matrix beyond the first is one of its small Gram matrix, so that what is iterated has the size of
    the shorter side; those of one size are iterated together.
    """
    wide = [one.T if one.shape[0] > one.shape[1] else one for one in matrices]
    norms = torch._foreach_norm(wide)
    torch._foreach_clamp_min_(norms, torch.finfo(wide[0].dtype).tiny)
    wide = list(torch._foreach_div(wide, norms))
    turned = list(wide)
    for size in dict.fromkeys(len(one) for one in wide):
        places = [place for place, one in enumerate(wide) if len(one) == size]
        series = _series(torch.stack([wide[place] @ wide[place].T for place in places]))
        for place, own in zip(places, series, strict=True):
            turned[place] = own @ wide[place]
    return [one.T if one.shape != whole.shape else one for one, whole in zip(turned, matrices, strict=True)]


def _series(gram: Tensor) -> Tensor:
    """``Q`` with ``Q X = q(q(...q(X)))`` for the quintic ``q``, where ``gram`` ``(B, n, n)`` is ``X X^T``."""
    first, third, fifth = _COEFFICIENTS
    whole = identity = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device).expand_as(gram)
    for _ in range(_ITERATIONS):
        factor = torch.baddbmm(first * identity + third * gram, gram, gram, alpha=fifth)
        whole = factor @ whole
        gram = factor @ gram @ factor
    return whole


def _is_hidden(weight: Tensor) -> bool:
    return weight.ndim > 1 and min(weight.shape[:2]) >= _HIDDEN
