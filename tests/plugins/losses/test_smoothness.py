"""Gradient penalty: oracles.md."""

from collections.abc import Callable

import pytest
import torch

from contreg_core import spatial
from contreg_core.types import Registration
from contreg_plugins.losses.smoothness import GradientL2

Build = Callable[..., Registration]


@pytest.mark.parametrize("space", [(5, 6), (5, 4, 6)])
def test_constants_cost_nothing_and_the_identity_ramp_one_nth(build: Build, space: tuple[int, ...]) -> None:
    ramp = spatial.identity_grid(space, torch.zeros(1, dtype=torch.float64))
    assert GradientL2()(build(mean=torch.full_like(ramp, 3))).item() == 0
    assert GradientL2()(build(mean=ramp)).item() == pytest.approx(1 / len(space))


def test_it_reads_the_named_field(build: Build) -> None:
    mean, displacement = torch.randn(1, 2, 5, 6), torch.randn(1, 2, 10, 12)
    registration = build(mean=mean, displacement=displacement)
    assert GradientL2(of="mean")(registration) == GradientL2()(build(mean=mean))
    assert GradientL2(of="displacement")(registration) == GradientL2()(build(mean=displacement))
