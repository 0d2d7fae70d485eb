"""svf-adam: what is known is recovered, what is equal stays, and a batch is its pairs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.errors import UsageError
from contreg_core.model import register_by
from contreg_core.objective import Objective
from contreg_core.types import Pair, Registration
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.mse import MSE
from contreg_plugins.losses.smoothness import GradientL2
from contreg_plugins.solvers.svf_adam import SVFAdam
from contreg_plugins.warpers.displacement import DisplacementWarper
from contreg_plugins.warpers.svf import StationaryVelocity

SIZES = {2: (37, 44), 3: (17, 20, 15)}
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])


class Weighed(MSE):
    """A loss with a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, registration: Registration) -> Tensor:
        return self.weight * super().forward(registration)


def objective(eps: float = 1e-8) -> Objective:
    return Objective({"lncc": (1.0, LNCC(window=5, eps=eps)), "gradient-l2": (0.25, GradientL2())})


def solve(pair: Pair, terms: Objective | None = None, **knobs: Any) -> Registration:
    warper = StationaryVelocity(steps=5)
    solver = SVFAdam(**{"levels": (2, 1), "steps": (30, 30), **knobs})
    with torch.no_grad():
        field = solver(pair, None, terms or objective(), warper)
        return register_by(field, pair, warper, inverse=True)


def waves(space: tuple[int, ...], strength: float) -> Tensor:
    """A velocity that vanishes at the border, at most ``strength`` voxels."""
    axes = torch.meshgrid(*(torch.linspace(0, torch.pi, size) for size in space), indexing="ij")
    bump = torch.stack(axes).sin().prod(0)
    return strength * torch.stack([bump * (2 * axis).cos() for axis in axes])[None]


@pytest.fixture
def known(brain: Callable[..., Tensor]) -> Callable[[int], tuple[Pair, Tensor]]:
    """``known(ndim)``: a pair and the displacement that registers it."""

    def make(ndim: int) -> tuple[Pair, Tensor]:
        moving = brain(SIZES[ndim], texture=0.3).float()
        displacement = spatial.integrate(waves(SIZES[ndim], 1.5))
        return Pair(moving, spatial.warp(moving, displacement)), displacement

    return make


@both_dimensions
def test_a_known_displacement_is_recovered(known, ndim: int) -> None:
    pair, displacement = known(ndim)
    found = solve(pair)
    inside = pair.fixed[:, 0] > 0
    before = displacement.norm(dim=1)[inside].mean()
    after = (found.displacement - displacement).norm(dim=1)[inside].mean()
    assert after < 0.35 * before
    assert (spatial.jacobian_determinant(found.displacement) > 0).all()
    assert found.displacement.shape == (1, ndim, *SIZES[ndim])


@both_dimensions
def test_equal_images_stay(known, ndim: int) -> None:
    """To the bit where equality is the lowest loss; correlation has an eps, so faint contrast is worth it."""
    image = known(ndim)[0].fixed
    exact = Objective({"mse": (1.0, MSE()), "gradient-l2": (0.25, GradientL2())})
    assert not solve(Pair(image, image), exact).displacement.any()
    found, inside = solve(Pair(image, image), objective(eps=1e-8)), image[:, 0] > 0
    assert found.displacement.norm(dim=1)[inside].mean() < 0.2


def test_the_map_back_is_the_inverse(known) -> None:
    found = solve(known(2)[0])
    assert found.inverse is not None
    assert spatial.compose(found.displacement, found.inverse).norm(dim=1).mean() < 0.05


def test_two_calls_agree_bit_for_bit(known) -> None:
    pair, _ = known(3)
    one, other = solve(pair, steps=(5, 5)), solve(pair, steps=(5, 5))
    assert torch.equal(one.displacement, other.displacement)


@both_dimensions
def test_a_batch_is_its_pairs(brain, known, ndim: int) -> None:
    pair = known(ndim)[0]
    other = Pair(brain(SIZES[ndim], 1).float(), brain(SIZES[ndim], 2).float())
    both = Pair(torch.cat([pair.moving, other.moving]), torch.cat([pair.fixed, other.fixed]))
    together = solve(both, steps=(5, 5)).displacement
    apart = [solve(one, steps=(5, 5)).displacement for one in (pair, other)]
    assert torch.equal(together, torch.cat(apart))


def test_nothing_else_gets_a_gradient(known) -> None:
    pair, _ = known(2)
    pair.moving.requires_grad_()
    loss, warper = Weighed(), StationaryVelocity()
    with torch.no_grad():
        field = SVFAdam(levels=(1,), steps=(2,))(pair, None, Objective({"weighed": (1.0, loss)}), warper)
    assert pair.moving.grad is None
    assert loss.weight.grad is None
    assert field.mean.abs().max() > 0
    assert not field.mean.requires_grad


def test_it_starts_where_it_is_told(known) -> None:
    pair, _ = known(2)
    start = solve(pair, full=0).field
    with torch.no_grad():
        field = SVFAdam(levels=(1,), steps=(0,), full=0)(pair, start, objective(), StationaryVelocity())
    assert torch.equal(field.mean, start.mean)


@both_dimensions
@pytest.mark.parametrize(("full", "scale"), [(0, 2), (5, 1)])
@pytest.mark.parametrize("levels", [(2, 1), (4, 2)])
def test_the_velocity_has_the_grid_it_says(known, ndim: int, full: int, scale: int, levels) -> None:
    """Odd sizes and levels that end before the images included."""
    pair = known(ndim)[0]
    found = solve(pair, full=full, levels=levels, steps=(5, 5)).field
    assert (found.kind, found.scale) == ("velocity", scale)
    assert found.mean.shape == (1, ndim, *(-(-size // scale) for size in pair.space))


def test_what_one_voxel_in_two_cannot_say_is_found(brain: Callable[..., Tensor]) -> None:
    """A velocity that turns from voxel to voxel is none at half the resolution."""
    fixed = brain((48, 48), 0, 0.6).float()
    torch.manual_seed(1)
    known = spatial.integrate(0.8 * torch.randn(1, 2, 48, 48) * (fixed > 0))
    pair, exact = Pair(spatial.warp(fixed, known), fixed), Objective({"mse": (1.0, MSE())})
    half, every = (exact(solve(pair, exact, full=full)).total for full in (0, 30))
    assert every < 0.5 * half


def test_any_loss_and_warper_will_do(known) -> None:
    pair, _ = known(2)
    with torch.no_grad():
        warper = DisplacementWarper()
        field = SVFAdam(levels=(1,), steps=(20,))(pair, None, Objective({"mse": (1.0, MSE())}), warper)
        warped = register_by(field, pair, warper).warped
    assert (warped - pair.fixed).square().mean() < 0.5 * (pair.moving - pair.fixed).square().mean()


def test_without_losses_it_says_so(known) -> None:
    with pytest.raises(UsageError, match="there are none"):
        SVFAdam()(known(2)[0], None, Objective({}), StationaryVelocity())


@pytest.mark.parametrize(
    "knobs", [{"levels": (2, 1)}, {"steps": ()}, {"rate": 0.0}, {"levels": (4, 2, 0)}, {"full": -1}]
)
def test_knobs_that_mean_nothing_are_refused(knobs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected|give one"):
        SVFAdam(**knobs)
