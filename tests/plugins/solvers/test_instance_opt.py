"""instance-opt: any kind of field, on any grid, is refined for every voxel; the loss never rises (F.12)."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Warper
from contreg_core.model import register_by
from contreg_core.objective import Objective
from contreg_core.types import Field, FieldKind, Pair
from contreg_plugins.losses.laplacian_kl import LaplacianKL
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.mse import MSE
from contreg_plugins.losses.smoothness import GradientL2
from contreg_plugins.solvers.instance_opt import InstanceOpt
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity

SIZES = {2: (37, 30), 3: (17, 14, 15)}
WARPERS: dict[FieldKind, Warper] = {"displacement": DisplacementWarper(), "velocity": StationaryVelocity()}
OBJECTIVE = Objective({"lncc": (1.0, LNCC(window=5)), "gradient-l2": (0.25, GradientL2())})
every_field = pytest.mark.parametrize(
    ("ndim", "kind", "scale"),
    [(ndim, kind, scale) for ndim in (2, 3) for kind in WARPERS for scale in (1, 2, 4)],
)


@pytest.fixture
def pair(brain: Callable[..., Tensor]) -> Callable[[int], Pair]:
    """``pair(ndim)``: two brains."""
    return lambda ndim: Pair(brain(SIZES[ndim], 0, 0.3).float(), brain(SIZES[ndim], 1, 0.3).float())


def start(pair: Pair, kind: FieldKind, scale: int) -> Field:
    """A small field on the padded grid a network would have: a multiple of 8, over ``scale``."""
    space = [-(-size // 8) * 8 // scale for size in pair.space]
    torch.manual_seed(0)
    mean = spatial.resize(torch.randn(1, pair.ndim, *[3] * pair.ndim), space) / space[0]
    return Field(mean, torch.full_like(mean, -3.0), kind, scale)


def whole(field: Field) -> tuple[int, ...]:
    """The shape of a field for every voxel that ``field`` covers."""
    return (*field.mean.shape[:2], *(size * field.scale for size in field.mean.shape[2:]))


def value(field: Field, pair: Pair, warper: Warper, objective: Objective = OBJECTIVE) -> float:
    return float(objective(register_by(field, pair, warper)).total)


@every_field
def test_the_loss_falls_and_the_field_keeps_its_kind(pair, ndim: int, kind: FieldKind, scale: int) -> None:
    images, warper = pair(ndim), WARPERS[kind]
    field = start(images, kind, scale)
    with torch.no_grad():
        found = InstanceOpt(steps=8)(images, field, OBJECTIVE, warper)
        assert value(found, images, warper) < value(field, images, warper)
    assert found.mean.shape == whole(field)
    assert (found.kind, found.scale) == (kind, 1)
    assert torch.equal(found.log_variance, field.log_variance)


@pytest.mark.parametrize("rate", [0.1, 10.0, 1000.0])
def test_the_loss_never_rises_at_any_rate(pair, rate: float) -> None:
    images, warper = pair(2), WARPERS["velocity"]
    field = start(images, "velocity", 2)
    with torch.no_grad():
        found = InstanceOpt(steps=4, rate=rate)(images, field, OBJECTIVE, warper)
        assert value(found, images, warper) <= value(field, images, warper)


@pytest.mark.parametrize("levels", [(1,), (2,), (4, 2, 1), (3, 1)])
@pytest.mark.parametrize(("ndim", "kind", "scale"), [(2, "velocity", 2), (3, "displacement", 1)])
def test_on_any_levels_the_loss_on_the_images_falls(
    pair, levels: tuple[int, ...], ndim: int, kind: FieldKind, scale: int
) -> None:
    """The last level need not be the images: what counts is their loss, and it never rises."""
    images, warper = pair(ndim), WARPERS[kind]
    field = start(images, kind, scale)
    with torch.no_grad():
        found = InstanceOpt(steps=4, levels=levels)(images, field, OBJECTIVE, warper)
        assert value(found, images, warper) < value(field, images, warper)
    assert found.mean.shape == whole(field)


def test_averaged_images_find_what_lies_far(brain: Callable[..., Tensor]) -> None:
    """Moved by six voxels, more than the window sees; by the same number of steps on the images themselves."""
    fixed = brain((64, 64), 0, 0.0).float()
    images, warper = Pair(fixed.roll(6, dims=2), fixed), WARPERS["velocity"]
    rest = Field(torch.zeros(1, 2, 32, 32), kind="velocity", scale=2)
    left = {}
    for levels in ((1,), (4, 2, 1)):
        with torch.no_grad():
            found = InstanceOpt(steps=12, levels=levels)(images, rest, OBJECTIVE, warper)
            left[levels] = value(found, images, warper)
    assert left[4, 2, 1] < 0.8 * left[1,]


def test_a_variance_is_that_of_the_voxels_of_its_level(pair) -> None:
    """A divergence on averaged images asks for the variance in their voxels: a quarter, for cubes of 2; and last, where
    the field has a vector for every voxel, in those.
    """
    seen: list[Tensor] = []

    class Watching(LaplacianKL):
        def forward(self, registration) -> Tensor:
            assert registration.field.log_variance is not None
            seen.append(registration.field.log_variance.mean())
            return super().forward(registration)

    objective = Objective({"lncc": (1.0, LNCC(window=5)), "laplacian-kl": (0.01, Watching())})
    with torch.no_grad():
        InstanceOpt(steps=1)(pair(2), start(pair(2), "velocity", 2), objective, WARPERS["velocity"])
    found = sorted({round(float(one), 4) for one in seen})
    assert found == [round(-3 + 2 * math.log(edge), 4) for edge in (1 / 8, 1 / 4, 1 / 2, 1, 2)]


def test_no_steps_are_no_change(pair) -> None:
    field = start(pair(2), "displacement", 1)
    found = InstanceOpt(steps=0)(pair(2), field, OBJECTIVE, WARPERS["displacement"])
    assert torch.equal(found.mean, field.mean)


def test_a_variance_is_held_and_may_be_asked_for(pair) -> None:
    images, warper = pair(2), WARPERS["velocity"]
    objective = Objective({"lncc": (1.0, LNCC(window=5)), "laplacian-kl": (0.01, LaplacianKL())})
    field = start(images, "velocity", 2)
    with torch.no_grad():
        found = InstanceOpt(steps=5)(images, field, objective, warper)
        every = spatial.stretch(field.log_variance, found.mean.shape[2:]) + 2 * math.log(2)
        read = replace(found, log_variance=every)
        assert value(read, images, warper, objective) < value(field, images, warper, objective)
    assert torch.equal(found.log_variance, field.log_variance)


def test_from_rest_it_is_a_velocity_for_every_voxel(pair) -> None:
    images = pair(3)
    with torch.no_grad():
        found = InstanceOpt(steps=5)(images, None, OBJECTIVE, WARPERS["velocity"])
    assert (found.kind, found.scale) == ("velocity", 1)
    assert found.mean.shape == (1, 3, *images.space)
    assert found.mean.abs().max() > 0


def test_a_batch_is_its_pairs(pair) -> None:
    images, warper = pair(2), WARPERS["velocity"]
    field = start(images, "velocity", 2)
    both = Pair(torch.cat([images.moving, images.fixed]), torch.cat([images.fixed, images.moving]))
    assert field.log_variance is not None
    twice = replace(
        field, mean=torch.cat([field.mean, -field.mean]), log_variance=field.log_variance.repeat(2, 1, 1, 1)
    )
    with torch.no_grad():
        together = InstanceOpt(steps=3)(both, twice, OBJECTIVE, warper).mean
        first = InstanceOpt(steps=3)(images, field, OBJECTIVE, warper).mean
        second = InstanceOpt(steps=3)(images.swapped(), replace(field, mean=-field.mean), OBJECTIVE, warper)
    assert torch.equal(together, torch.cat([first, second.mean]))


@pytest.mark.parametrize("kind", list(WARPERS))
def test_a_pair_without_gain_is_left_as_it_is_beside_one_that_gains(pair, kind: FieldKind) -> None:
    """Equal images cannot agree better than at rest; the other pair of the batch is refined, on the images' grid."""
    images, exact = pair(2), Objective({"mse": (1.0, MSE())})
    both = Pair(torch.cat([images.fixed, images.moving]), torch.cat([images.fixed, images.fixed]))
    rest = Field(torch.zeros(2, 2, 24, 16), kind=kind, scale=2)
    with torch.no_grad():
        found = InstanceOpt(steps=4)(both, rest, exact, WARPERS[kind])
        alone = InstanceOpt(steps=4)(
            Pair(images.fixed, images.fixed), replace(rest, mean=rest.mean[:1]), exact, WARPERS[kind]
        )
    assert found.mean.shape == whole(rest)
    assert not found.mean[0].any()
    assert found.mean[1].any()
    assert torch.equal(alone.mean, rest.mean[:1])


def test_what_one_voxel_in_two_cannot_say_is_found(brain: Callable[..., Tensor]) -> None:
    """A velocity that turns from voxel to voxel is none at half the resolution: the last steps must find it."""
    fixed = brain((48, 48), 0, 0.6).float()
    torch.manual_seed(1)
    known = spatial.integrate(0.8 * torch.randn(1, 2, 48, 48) * (fixed > 0))
    images, light = Pair(spatial.warp(fixed, known), fixed), Objective({"mse": (1.0, MSE())})
    rest = Field(torch.zeros(1, 2, 24, 24), kind="velocity", scale=2)
    with torch.no_grad():
        found = InstanceOpt(steps=40)(images, rest, light, WARPERS["velocity"])
        halved = Field(spatial.resize(found.mean, (24, 24)), kind="velocity", scale=2)
        every, half = (value(one, images, WARPERS["velocity"], light) for one in (found, halved))
    assert every < 0.5 * half


@pytest.mark.parametrize("knobs", [{"steps": -1}, {"rate": 0.0}, {"levels": ()}, {"levels": (2, 0)}])
def test_knobs_that_mean_nothing_are_refused(knobs) -> None:
    with pytest.raises(ValueError, match="expected"):
        InstanceOpt(**knobs)
