"""Whole networks: parameter counts, sizes, batch 1, determinism (oracles.md), the zero field."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.model import Model, parameter_count
from contreg_core.types import Pair, Registration
from contreg_plugins.decoders.faim import FAIMDecoder
from contreg_plugins.decoders.laplacian_pyramid import LaplacianPyramid
from contreg_plugins.decoders.probabilistic_unet import ProbabilisticUNet
from contreg_plugins.decoders.pyramid import PyramidDecoder
from contreg_plugins.decoders.voxelmorph import VoxelMorphDecoder
from contreg_plugins.encoders.faim import FAIMEncoder
from contreg_plugins.encoders.image_pyramid import ImagePyramid
from contreg_plugins.encoders.pyramid import Pyramid
from contreg_plugins.encoders.siamese import Siamese
from contreg_plugins.encoders.voxelmorph import VoxelMorphEncoder
from contreg_plugins.losses.dcl import DCL
from contreg_plugins.losses.fold_penalty import FoldPenalty
from contreg_plugins.losses.gaussian_kl import GaussianKL
from contreg_plugins.losses.gradicon import GradICON
from contreg_plugins.losses.icon import ICON
from contreg_plugins.losses.infonce import InfoNCE
from contreg_plugins.losses.laplacian_kl import LaplacianKL
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.local_contrast import LocalContrast
from contreg_plugins.losses.mse import MSE
from contreg_plugins.losses.multiscale_lncc import MultiscaleLNCC
from contreg_plugins.losses.ntxent import NTXent
from contreg_plugins.losses.smoothness import GradientL2
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity

Brain = Callable[..., Tensor]
Knobs = dict[str, Any]
SIZES = {2: (37, 29), 3: (9, 12, 15)}
DEV_LEVELS: Knobs = {
    "widths": (16, 32, 64, 96),
    "pool_deepest": False,
    "norm": "group",
    "activation": "leaky-relu",
    "projection": "mlp",
    "local_dim": 32,
}
DEV_UP: Knobs = {
    "widths": (16, 32, 64, 128),
    "bottleneck_width": 128,
    "up": "linear",
    "norm": "group",
    "activation": "leaky-relu",
    "final_width": 0,
    "final_activation": "leaky-relu",
    "kind": "velocity",
}


def unet(ndim: int, encoder: Knobs | None = None, **decoder: Any) -> Model:
    siamese = Siamese(1, ndim, **(encoder or {}))
    warper = StationaryVelocity() if decoder.get("kind") == "velocity" else DisplacementWarper()
    return Model(siamese, ProbabilisticUNet(siamese.channels, ndim, **decoder), warper)


def voxelmorph(ndim: int, features: Any, **decoder: Any) -> Model:
    encoder = VoxelMorphEncoder(1, ndim, flavour="dev" if features == "dev" else "legacy")
    return Model(
        encoder, VoxelMorphDecoder(encoder.channels, ndim, features=features, **decoder), DisplacementWarper()
    )


def faim(ndim: int, **decoder: Any) -> Model:
    encoder = FAIMEncoder(1, ndim)
    return Model(encoder, FAIMDecoder(encoder.channels, ndim, **decoder), DisplacementWarper())


def pyramid(ndim: int) -> Model:
    encoder = Pyramid(1, ndim, features=(8, 8, 8))
    return Model(encoder, PyramidDecoder(encoder.channels, ndim), StationaryVelocity())


def lapirn(ndim: int) -> Model:
    encoder = ImagePyramid(1, ndim)
    return Model(encoder, LaplacianPyramid(encoder.channels, ndim), StationaryVelocity())


MODELS: dict[str, Callable[[int], Model]] = {
    "paper": unet,
    "reference": lambda ndim: unet(
        ndim, {"projection": "two-linear"}, final_width=3, final_activation="softmax", sampling="legacy"
    ),
    "reference2020": lambda ndim: unet(
        ndim, {"projection": "mlp"}, bottleneck_up="transposed", final_activation="relu", log_variance=False
    ),
    "u-net-svf-2": lambda ndim: unet(ndim, DEV_LEVELS, **DEV_UP, resolution=2),
    "u-net-svf-1": lambda ndim: unet(ndim, DEV_LEVELS, **DEV_UP, resolution=1),
    "vm1": lambda ndim: voxelmorph(ndim, "vm1"),
    "vm2": lambda ndim: voxelmorph(ndim, "vm2"),
    "vxm-dev": lambda ndim: voxelmorph(ndim, "dev"),
    "vxm-diff": lambda ndim: voxelmorph(ndim, "diff", log_variance=True),
    "faim": faim,
    "pyramid": pyramid,
    "lapirn": lapirn,
}
COUNTS = {
    "reference": 3_989_605,
    "reference2020": 4_444_435,
    "vm1": 259_675,
    "vm2": 300_547,
    "vxm-dev": 327_331,
    "vxm-diff": 266_374,
    "faim": 233_683,
}
every_model = pytest.mark.parametrize("name", list(MODELS))
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])


def brains(brain: Brain, ndim: int, batch: int = 1) -> Pair:
    images = [torch.cat([brain(SIZES[ndim], 2 * k + side) for k in range(batch)]).float() for side in (0, 1)]
    return Pair(images[0], images[1], torch.arange(2 * batch).view(batch, 2))


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_parameter_counts_of_the_publications(name: str, count: int) -> None:
    assert parameter_count(MODELS[name](3)) == count


@pytest.fixture(scope="module")
def model() -> Callable[[str, int], Model]:
    """``model(name, ndim)``, built once."""
    return lru_cache(maxsize=None)(lambda name, ndim: MODELS[name](ndim))


@every_model
@both_dimensions
def test_odd_sizes_batch_one_forward_and_backward(brain: Brain, model: Any, name: str, ndim: int) -> None:
    net, pair = model(name, ndim).train(), brains(brain, ndim)
    found = net(pair, draw=True)
    assert found.warped.shape == pair.fixed.shape
    assert found.displacement.shape == (1, ndim, *SIZES[ndim])
    assert found.displacement.dtype == torch.float32
    MSE()(found).backward()
    gradients = [p.grad for p in net.decoder.parameters() if p.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@every_model
@both_dimensions
def test_two_calls_at_test_agree(brain: Brain, model: Any, name: str, ndim: int) -> None:
    net, pair = model(name, ndim).eval(), brains(brain, ndim)
    with torch.no_grad():
        one, other = net(pair), net(pair)
    assert torch.equal(one.displacement, other.displacement)
    assert torch.equal(one.warped, other.warped)


@both_dimensions
def test_draws_differ_and_means_do_not(brain: Brain, model: Any, ndim: int) -> None:
    net, pair = model("paper", ndim).eval(), brains(brain, ndim)
    with torch.no_grad():
        one, other = net(pair, draw=True), net(pair, draw=True)
    assert not torch.equal(one.drawn, other.drawn)
    assert torch.equal(one.field.mean, other.field.mean)


@both_dimensions
@pytest.mark.parametrize("kind", ["unet", "voxelmorph", "faim"])
def test_heads_of_zero_are_the_identity(brain: Brain, ndim: int, kind: str) -> None:
    nets = {
        "unet": lambda: unet(ndim, mean_std=0.0),
        "voxelmorph": lambda: voxelmorph(ndim, "vm2", mean_std=0.0),
        "faim": lambda: faim(ndim, mean_std=0.0),
    }
    net, pair = nets[kind](), brains(brain, ndim)
    found = net(pair)
    assert (found.displacement == 0).all()
    # Normalised coordinates in float32 resolve an axis of N voxels to N 2^-24 of a voxel.
    assert (found.warped - pair.moving).abs().max() <= sum(SIZES[ndim]) * 2**-24


LOSSES: list[Loss] = [
    DCL(),
    FoldPenalty(),
    GaussianKL(),
    GradICON(),
    GradientL2(),
    ICON(),
    InfoNCE(),
    LNCC(bidirectional=True),
    LNCC(swapped=True),
    LaplacianKL(),
    LocalContrast(),
    MSE(),
    MSE(bidirectional=True, swapped=True),
    MultiscaleLNCC(),
    NTXent(),
]


@pytest.fixture(scope="module")
def registered(brain: Brain, model: Any) -> Callable[[int, int], Registration]:
    """``registered(ndim, batch)``: a registration of brains with all that a loss may ask for, made once."""

    def register(ndim: int, batch: int) -> Registration:
        pair = brains(brain, ndim, batch)
        found: Registration = model("u-net-svf-2", ndim)(pair, draw=True, inverse=True, swapped=True)
        return found

    return lru_cache(maxsize=None)(register)


@both_dimensions
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_loss_runs_on_every_batch_size(registered: Any, loss: Loss, batch: int, ndim: int) -> None:
    value = loss(registered(ndim, batch))
    assert value.shape == ()
    assert value.dtype == torch.float32
    assert torch.isfinite(value)
    value.backward(retain_graph=True)
