"""Every loss's gradient, through warp and integration, against central differences on brains in the void."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Loss, Warper
from contreg_core.types import Embeddings, Encoding, Field, Pair, Registration
from contreg_plugins.losses.dcl import DCL
from contreg_plugins.losses.fold_penalty import FoldPenalty
from contreg_plugins.losses.gaussian_kl import GaussianKL
from contreg_plugins.losses.infonce import InfoNCE
from contreg_plugins.losses.laplacian_kl import LaplacianKL
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.local_contrast import LocalContrast
from contreg_plugins.losses.mind import MIND
from contreg_plugins.losses.mse import MSE
from contreg_plugins.losses.ntxent import NTXent
from contreg_plugins.losses.smoothness import GradientL2
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity

Brain = Callable[..., Tensor]
SPACES = {2: (32, 24), 3: (16, 12, 20)}
FIELD = ("mean", "log_variance")
VECTORS = ("moving", "fixed")
MAPS = ("moving_map", "fixed_map")


@dataclass(frozen=True)
class Parts:
    """What a network would predict for a pair of brains at half resolution, and the noise of one draw."""

    pair: Pair
    mean: Tensor
    log_variance: Tensor
    noise: Tensor
    moving: Tensor
    fixed: Tensor
    moving_map: Tensor
    fixed_map: Tensor

    def registration(self, warper: Warper) -> Registration:
        """What a model would return in training."""
        field = Field(self.mean, self.log_variance, kind="velocity", scale=2)
        drawn = self.mean + (self.log_variance / 2).exp() * self.noise
        displacement = warper(drawn, field)
        back = warper.inverse(drawn, field) if "inverse" in warper.gives else None
        embeddings = Embeddings(self.moving, self.fixed, self.moving_map, self.fixed_map)
        return Registration(
            self.pair,
            Encoding((), embeddings),
            field,
            drawn,
            displacement,
            warper.warp(self.pair.moving, displacement),
            back,
            None if back is None else warper.warp(self.pair.fixed, back),
        )

    def moved(self, names: tuple[str, ...], directions: list[Tensor], step: float) -> "Parts":
        """The same parts, ``step`` along a direction for each of ``names``."""
        changes = {name: getattr(self, name) + step * d for name, d in zip(names, directions, strict=True)}
        return replace(self, **changes)


def parts_of(brain: Brain, ndim: int) -> Parts:
    space = SPACES[ndim]
    half, quarter = (tuple(size // k for size in space) for k in (2, 4))
    pair = Pair(
        torch.cat([brain(space, seed) for seed in (0, 1)]),
        torch.cat([brain(space, seed) for seed in (2, 3)]),
        torch.tensor([[0, 2], [1, 3]]),
    )

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64)

    coarse = normal(2, ndim, *([3] * ndim))
    return Parts(
        pair,
        1.5 * spatial.resize(coarse, half) / half[0],
        normal(2, ndim, *half) / 4 - 4,
        normal(2, ndim, *half),
        normal(2, 6),
        normal(2, 6),
        normal(2, 6, *quarter),
        normal(2, 6, *quarter),
    )


def value(loss: Loss, parts: Parts, warper: Warper) -> Tensor:
    torch.manual_seed(5)  # the local contrast draws its points
    return loss(parts.registration(warper))


class Steep(DisplacementWarper):
    """Forty times the displacement: maps that fold."""

    def forward(self, values: Tensor, field: Field) -> Tensor:
        return 40 * super().forward(values, field)


SVF, FREE = StationaryVelocity(steps=4), DisplacementWarper(padding="zeros")
CASES = [
    ("lncc-9", LNCC(), SVF, FIELD),
    ("lncc-5", LNCC(window=5), SVF, FIELD),
    ("lncc-zeros", LNCC(window=5, border="zeros"), FREE, FIELD),
    ("lncc-both", LNCC(window=5, bidirectional=True), SVF, FIELD),
    ("mse", MSE(), SVF, FIELD),
    ("mse-both", MSE(image_sigma=0.1, bidirectional=True), SVF, FIELD),
    ("mse-legacy", MSE(), DisplacementWarper(padding="zeros", legacy_grid=True), FIELD),
    ("mind", MIND(), SVF, FIELD),
    ("gaussian-kl", GaussianKL(), SVF, FIELD),
    ("gaussian-kl-l2", GaussianKL(scale="reference", mu_norm="l2"), SVF, FIELD),
    ("laplacian-kl", LaplacianKL(), SVF, FIELD),
    ("laplacian-kl-vxm", LaplacianKL(scale="voxelmorph"), SVF, FIELD),
    ("gradient-field", GradientL2(), SVF, FIELD),
    ("gradient-displacement", GradientL2(of="displacement"), SVF, FIELD),
    ("fold-penalty", FoldPenalty(reduction="mean"), Steep(), FIELD),
    ("ntxent", NTXent(), SVF, VECTORS),
    ("dcl", DCL(), SVF, VECTORS),
    ("infonce", InfoNCE(dim=6), SVF, VECTORS),
    ("infonce-decoupled", InfoNCE(dim=6, decoupled=True), SVF, VECTORS),
    ("local-contrast", LocalContrast(radius=1.0), SVF, MAPS),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize(("loss", "warper", "names"), [case[1:] for case in CASES], ids=IDS)
def test_gradient_equals_central_differences(
    brain: Brain, ndim: int, loss: Loss, warper: Warper, names: tuple[str, ...]
) -> None:
    parts = parts_of(brain, ndim)
    loss.eval()
    leaves = [getattr(parts, name).requires_grad_() for name in names]
    gradients = torch.autograd.grad(value(loss, parts, warper), leaves, allow_unused=True)
    step = 2e-3 if isinstance(loss, InfoNCE) else 1e-6  # InfoNCE computes in float32
    for _ in range(3):
        directions = [torch.randn_like(leaf) for leaf in leaves]
        slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True) if g is not None)
        with torch.no_grad():
            ahead = value(loss, parts.moved(names, directions, step), warper)
            behind = value(loss, parts.moved(names, directions, -step), warper)
        assert float(ahead - behind) / (2 * step) == pytest.approx(slope, rel=1e-3, abs=1e-8)


def test_the_background_of_these_brains_is_empty(brain: Brain) -> None:
    for ndim, space in SPACES.items():
        image = brain(space)
        assert 0.3 < float((image == 0).double().mean()) < 0.95, ndim


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("loss", [LNCC(), LNCC(window=5), LNCC(window=5, border="zeros")])
@pytest.mark.parametrize("texture", [0.0, 0.1])
def test_flat_background_and_tissue_add_no_rounding_noise_in_float32(
    brain: Brain, ndim: int, loss: Loss, texture: float
) -> None:
    moving, fixed = (brain(SPACES[ndim], seed, texture) for seed in (0, 2))

    def gradient(dtype: torch.dtype) -> Tensor:
        warped = moving.to(dtype).requires_grad_()
        registration = Registration(
            Pair(moving, fixed.to(dtype)), Encoding(()), Field(warped), warped, warped, warped
        )
        return torch.autograd.grad(loss(registration), warped)[0]

    exact = gradient(torch.float64)
    assert (gradient(torch.float32) - exact).abs().max() < 1e-3 * exact.abs().max()
