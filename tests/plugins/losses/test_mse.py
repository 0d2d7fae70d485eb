"""Mean squared difference: oracles.md and the ELBO's scale."""

from collections.abc import Callable

import pytest
import torch

from contreg_core.types import Registration
from contreg_plugins.losses.mse import MSE

Build = Callable[..., Registration]


def test_a_constant_offset_gives_its_square(build: Build) -> None:
    image = torch.rand(2, 1, 5, 6)
    assert MSE()(build(fixed=image, warped=image + 0.5)).item() == pytest.approx(0.25, rel=1e-5)


def test_image_noise_scales_it(build: Build) -> None:
    image = torch.rand(2, 1, 5, 6, 3)
    found = MSE(image_sigma=0.05)(build(fixed=image, warped=image + 1))
    assert found.item() == pytest.approx(1 / (2 * 0.05**2), rel=1e-5)


def test_both_directions_weigh_the_same(build: Build) -> None:
    fixed, moving = torch.rand(2, 1, 1, 5, 6)
    registration = build(fixed=fixed, moving=moving, warped=fixed + 1, warped_back=moving + 3)
    assert MSE(bidirectional=True)(registration).item() == pytest.approx(5, rel=1e-5)
    assert MSE()(registration).item() == pytest.approx(1, rel=1e-5)
    assert "inverse" in MSE(bidirectional=True).needed()
    assert not MSE().needed()


def test_integer_images_are_compared_as_numbers(build: Build) -> None:
    fixed = torch.full((1, 1, 4, 4), 3, dtype=torch.uint8)
    assert MSE()(build(fixed=fixed, warped=torch.full((1, 1, 4, 4), 1.0))).item() == 4
