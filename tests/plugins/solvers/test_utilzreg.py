"""The solver utilzreg: what it finds, and that it finds it again."""

from typing import Any

import pytest
import torch

from contreg_core import spatial
from contreg_core.errors import UsageError
from contreg_core.objective import Objective
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build_solver, override
from contreg_core.types import Field, Pair
from contreg_plugins.solvers.utilzreg import GeodesicShooting
from contreg_plugins.warpers.displacement import DisplacementWarper

CATALOGUE = load_catalogue(plugins=False)
NOTHING, WARPER = Objective({}), DisplacementWarper()
KNOBS: dict[str, Any] = {"sigmas": (3.0, 1.5), "steps": 3, "iterations": (10, 4)}


@pytest.fixture(name="pair", params=[(20, 23), (12, 15, 13)], ids=["2-D", "3-D"])
def _pair(request: Any, brain: Any) -> Pair:
    space = request.param
    ndim = len(space)
    fixed = brain(space, texture=0.0).float()
    smooth = torch.nn.functional.avg_pool2d if ndim == 2 else torch.nn.functional.avg_pool3d
    fixed = smooth(fixed, 3, 1, 1)
    shift = torch.zeros(1, ndim, *space)
    shift[:, 0] = 1.0
    return Pair(spatial.warp(fixed, shift), fixed)


@torch.no_grad()
def solve(pair: Pair, **knobs: Any) -> torch.Tensor:
    return GeodesicShooting(**{**KNOBS, **knobs})(pair, None, NOTHING, WARPER).mean


def missed(pair: Pair, displacement: torch.Tensor) -> float:
    return float((spatial.warp(pair.moving, displacement) - pair.fixed).square().sum())


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"integrator": "rk4"},
        {"optimiser": "adam"},
        {"optimiser": "gd", "update": 0.5},
        {"weights": (2.0, 1.0), "align_grey_levels": True},
        {"shrink": (2,), "iterations": (12,)},
        {"shrink": (4, 1), "iterations": (5, 10)},
    ],
    ids=str,
)
def test_it_registers_without_folding(pair: Pair, knobs: dict[str, Any]) -> None:
    displacement = solve(pair, **knobs)
    assert displacement.shape == (1, pair.ndim, *pair.space)
    assert displacement.dtype == torch.float32
    assert missed(pair, displacement) < 0.5 * missed(pair, torch.zeros_like(displacement))
    assert float(spatial.jacobian_determinant(displacement).min()) > 0


def test_a_level_too_coarse_to_help_does_no_harm(pair: Pair) -> None:
    """Four voxels an axis know nothing of the pair; what they hand on may be far worse than no momentum."""
    found = solve(pair, shrink=(4, 1), iterations=(10, 1))
    assert missed(pair, found) <= missed(pair, torch.zeros_like(found))


def test_the_direction_and_the_size(pair: Pair) -> None:
    """``moving(p) = fixed(p + 1)``, so it is read one voxel lower; where it is flat it may lag behind."""
    displacement = solve(pair)
    inside = pair.fixed[0, 0] > 0.3
    assert -1.2 < float(displacement[0, 0][inside].mean()) < -0.5
    assert float(displacement[0, 1][inside].mean()) == pytest.approx(0, abs=0.1)


def test_equal_images_stay(pair: Pair) -> None:
    """Up to float32: reading an image at its own voxels is exact to about 1e-7."""
    assert float(solve(Pair(pair.fixed, pair.fixed)).abs().max()) < 1e-5


def test_two_at_once_are_two_alone_and_repeat(pair: Pair) -> None:
    swapped = pair.swapped()
    both = Pair(torch.cat([pair.moving, swapped.moving]), torch.cat([pair.fixed, swapped.fixed]))
    found = solve(both)
    assert torch.equal(found, torch.cat([solve(pair), solve(swapped)]))


def test_a_stiffer_path_is_a_shorter_one(pair: Pair) -> None:
    assert float(solve(pair, alpha=1.0).norm()) < 0.5 * float(solve(pair, alpha=1e-4).norm())


def test_a_field_to_start_from_is_refused(pair: Pair) -> None:
    start = Field(torch.zeros(1, pair.ndim, *pair.space))
    with pytest.raises(UsageError, match="starts from no displacement"):
        GeodesicShooting(**KNOBS)(pair, start, NOTHING, WARPER)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"sigmas": ()}, "sigmas"),
        ({"weights": (1.0,)}, "weights"),
        ({"alpha": -1.0}, "alpha"),
        ({"steps": 0}, "steps"),
        ({"shrink": (1, 2)}, "falling powers of two"),
        ({"shrink": (3, 1)}, "falling powers of two"),
        ({"iterations": (3,)}, "one for each level"),
        ({"update": 0.0}, "update"),
    ],
)
def test_knobs_that_make_no_sense(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GeodesicShooting(**{**KNOBS, **knobs})


def test_the_recipe_has_no_losses_of_its_own() -> None:
    recipe = CATALOGUE.recipe("utilzreg")
    solver, warper, objective = build_solver(override(recipe, ["solver.steps=3"], CATALOGUE), CATALOGUE)
    assert isinstance(solver, GeodesicShooting)
    assert solver.steps == 3
    assert warper.name == "displacement"
    assert not objective.weights
    assert recipe.preprocessing.spacing == 2.0
