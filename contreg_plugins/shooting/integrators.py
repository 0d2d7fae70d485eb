"""Shooting: from an initial momentum to the warped image and the displacement.

The system is ``v = -K * (P grad I)``, ``dI/dt + v . grad I = 0``, ``dP/dt + div(P v) = 0`` (Vialard et al. 2012);
``id + u`` is the inverse of the flow of ``v``, so that ``I_1(p) = I_0(p + u(p))``. All in voxels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from contreg_core import spatial
from contreg_plugins.shooting.differences import Boundary, determinant, gradient, sum_of
from contreg_plugins.shooting.kernels import Kernel

Integrator: TypeAlias = Literal["semi-lagrangian", "rk4", "euler"]
CHECKPOINT_VOXELS = 2_000_000  # above, a step is run again on the way back instead of being kept


@dataclass(frozen=True)
class Shot:
    """Where a shot ends: image and momentum ``(B, 1, *space)`` at time 1, displacement ``(B, ndim, *space)``."""

    image: Tensor
    momentum: Tensor
    displacement: Tensor


def velocity(image: Tensor, momentum: Tensor, kernel: Kernel, boundary: Boundary = "zero") -> Tensor:
    """``-K * (P grad I)``, ``(B, ndim, *space)``."""
    return -kernel(force(image, momentum, boundary))


def force(image: Tensor, momentum: Tensor, boundary: Boundary = "zero") -> Tensor:
    """``P grad I``, the vector momentum up to its sign."""
    return momentum * gradient(image, boundary)[:, 0]


def hamiltonian(image: Tensor, momentum: Tensor, kernel: Kernel, boundary: Boundary = "zero") -> Tensor:
    """``1/2 <P grad I, K * (P grad I)>``, a sum over voxels: conserved by the exact flow."""
    vector = force(image, momentum, boundary)
    return 0.5 * (vector * kernel(vector)).sum()


def shoot(
    image: Tensor,
    momentum: Tensor,
    kernel: Kernel,
    *,
    steps: int = 10,
    integrator: Integrator = "semi-lagrangian",
    boundary: Boundary = "zero",
) -> Shot:
    """Shoot ``image`` along ``momentum``, both ``(B, 1, *space)``, in ``steps`` equal steps to time 1.

    "semi-lagrangian" follows the map and reads the first image and momentum through it, so nothing is resampled twice;
    it is the stable one, of first order. "rk4" and "euler" step image, momentum and map on the grid by central
    differences: for small displacements, and the laws of the system.
    """
    if integrator == "semi-lagrangian":
        return _semi_lagrangian(image, momentum, kernel, steps, boundary)
    return _eulerian(image, momentum, kernel, steps, boundary, _rk4 if integrator == "rk4" else _euler)


def _semi_lagrangian(image: Tensor, momentum: Tensor, kernel: Kernel, steps: int, boundary: Boundary) -> Shot:
    def step(now: Tensor, push: Tensor, displacement: Tensor) -> Tensor:
        back = -velocity(now, push, kernel, boundary) / steps
        return spatial.compose(displacement, back)

    def follow(start: Tensor, displacement: Tensor) -> Tensor:
        now, push = _carried(start, displacement, boundary)
        return step(now, push, displacement)

    start = torch.cat([image, momentum], dim=1)
    displacement = -velocity(image, momentum, kernel, boundary) / steps
    for _ in range(steps - 1):
        displacement = _kept_small(follow, start, displacement)
    return Shot(*_carried(start, displacement, boundary), displacement)


def _carried(start: Tensor, displacement: Tensor, boundary: Boundary) -> tuple[Tensor, Tensor]:
    """Image and momentum at the end of a map: the momentum is a density, so it takes the determinant along."""
    image, momentum = spatial.warp(start, displacement).chunk(2, dim=1)
    return image, momentum * determinant(displacement, boundary)


def _kept_small(step: Callable[..., Tensor], *arguments: Tensor) -> Tensor:
    if arguments[0][0, 0].numel() <= CHECKPOINT_VOXELS or not torch.is_grad_enabled():
        return step(*arguments)
    result: Tensor = checkpoint(step, *arguments, use_reentrant=False)
    return result


Rate: TypeAlias = Callable[[Tensor], Tensor]


def _eulerian(
    image: Tensor,
    momentum: Tensor,
    kernel: Kernel,
    steps: int,
    boundary: Boundary,
    advance: Callable[[Rate, Tensor, float], Tensor],
) -> Shot:
    def rate(state: Tensor) -> Tensor:
        image, momentum, displacement = state[:, :1], state[:, 1:2], state[:, 2:]
        flow = velocity(image, momentum, kernel, boundary)
        slopes = gradient(torch.cat([image, displacement], dim=1), boundary)
        carried = -(flow[:, None] * slopes).sum(2)
        drained = -_divergence(momentum * flow, boundary)
        return torch.cat([carried[:, :1], drained, carried[:, 1:] - flow], dim=1)

    def step(state: Tensor) -> Tensor:
        return advance(rate, state, 1 / steps)

    nowhere = image.new_zeros(image.shape[0], image.ndim - 2, *image.shape[2:])
    state = torch.cat([image, momentum, nowhere], dim=1)
    for _ in range(steps):
        state = _kept_small(step, state)
    return Shot(state[:, :1], state[:, 1:2], state[:, 2:])


def _divergence(vectors: Tensor, boundary: Boundary) -> Tensor:
    axes = range(vectors.shape[1])
    return sum_of(gradient(vectors[:, k : k + 1], boundary)[:, :, k] for k in axes)


def _euler(rate: Rate, state: Tensor, step: float) -> Tensor:
    return state + step * rate(state)


def _rk4(rate: Rate, state: Tensor, step: float) -> Tensor:
    first = rate(state)
    second = rate(state + step / 2 * first)
    third = rate(state + step / 2 * second)
    fourth = rate(state + step * third)
    return state + step / 6 * (first + 2 * second + 2 * third + fourth)
