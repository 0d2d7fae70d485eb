"""What geodesic shooting minimises over the initial momentum (Vialard et al. 2012), and two readings of its pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from contreg_plugins.shooting.differences import Boundary, gradient
from contreg_plugins.shooting.integrators import Integrator, Shot, hamiltonian, shoot, velocity
from contreg_plugins.shooting.kernels import Gaussians, Kernel, normalised


@dataclass(frozen=True)
class Functional:
    """``E(P0) = alpha H(P0) + 1/2 |I_1 - J|^2``, sums over voxels; ``H`` is the energy of the path.

    ``moving`` is ``I_0`` and ``fixed`` is ``J``, both ``(1, 1, *space)``.
    """

    moving: Tensor
    fixed: Tensor
    kernel: Kernel
    alpha: float
    steps: int = 10
    integrator: Integrator = "semi-lagrangian"
    boundary: Boundary = "zero"

    def __call__(self, momentum: Tensor) -> Tensor:
        """The scalar ``E`` of a momentum ``(1, 1, *space)``; at least 0."""
        energy = hamiltonian(self.moving, momentum, self.kernel, self.boundary)
        missed = self.shot(momentum).image - self.fixed
        return self.alpha * energy + 0.5 * missed.square().sum()

    def shot(self, momentum: Tensor) -> Shot:
        """Where this momentum carries the moving image."""
        return shoot(
            self.moving,
            momentum,
            self.kernel,
            steps=self.steps,
            integrator=self.integrator,
            boundary=self.boundary,
        )

    def start(self, momentum: Tensor) -> Tensor:
        """``momentum``, or none at all where that costs less: a level too coarse may hand on worse than nothing."""
        still = torch.zeros_like(momentum)
        return momentum if self(momentum) < self(still) else still

    def speed(self, momentum: Tensor) -> float:
        """The largest voxel velocity of a momentum: it is linear in it, so this scales a step of any descent."""
        vectors = velocity(self.moving, momentum, self.kernel, self.boundary)
        return float(vectors.norm(dim=1).max())


def apparent(moving: Tensor, fixed: Tensor, sigmas: Sequence[float]) -> Gaussians:
    """The kernel whose scales all move the pair alike at first: weights ``1 / max |K_sigma * ((I0 - J) grad J)|``.

    For one pair ``(1, 1, *space)``; equal weights where the images are equal (Vialard et al. 2012, their tool's rule).
    """
    pull = (moving - fixed) * gradient(fixed)[:, 0]
    reached = [float(normalised([sigma], [1.0]).on(pull)(pull).norm(dim=1).max()) for sigma in sigmas]
    if min(reached) <= 0:
        return normalised(sigmas, [1.0] * len(sigmas))
    return normalised(sigmas, [1 / value for value in reached])


def aligned_grey_levels(moving: Tensor, fixed: Tensor) -> Tensor:
    """``fixed`` with the mean and standard deviation of ``moving``, each where it is above 0; one pair."""
    inside, others = fixed > 0, moving[moving > 0]
    own = fixed[inside]
    if min(len(own), len(others)) < 2 or own.std() == 0:
        return fixed
    matched = (fixed - own.mean()) * (others.std() / own.std()) + others.mean()
    return torch.where(inside, matched, fixed)
