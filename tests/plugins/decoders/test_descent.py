"""Learned steps of descent: where they begin, what they see, what they need."""

import pytest
import torch

from contreg_core import spatial
from contreg_core.errors import ContregError
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import build, override
from contreg_core.types import Encoding, Pair
from contreg_plugins.decoders.descent import Descent
from contreg_plugins.decoders.pyramid import PyramidDecoder
from contreg_plugins.encoders.pyramid import Pyramid

CATALOGUE = load_catalogue(plugins=False)


@pytest.mark.parametrize("ndim", [2, 3])
def test_heads_of_nothing_leave_the_velocity(ndim: int) -> None:
    features, velocity = torch.randn(1, 4, *[6] * ndim), torch.randn(1, ndim, *[6] * ndim)
    images = torch.rand(2, 1, 1, *[6] * ndim)
    descent = Descent(ndim, 4, 3, std=0.0, slope=0.2)
    torch.testing.assert_close(descent(features, *images, velocity, spatial.integrate), velocity)
    stepping = Descent(ndim, 4, 3, std=1.0, slope=0.2)
    assert not torch.allclose(stepping(features, *images, velocity, spatial.integrate), velocity)


def test_every_step_sees_the_images_as_they_lie_by_then() -> None:
    features, velocity, seen = torch.randn(1, 4, 6, 6), torch.zeros(1, 2, 6, 6), []

    def displacement_of(velocity: torch.Tensor) -> torch.Tensor:
        seen.append(velocity.clone())
        return spatial.integrate(velocity)

    descent = Descent(2, 4, 2, std=1.0, slope=0.2)
    found = descent(features, *torch.rand(2, 1, 1, 6, 6), velocity, displacement_of)
    assert len(seen) == 2
    assert not torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[1], found)


def test_gradients_reach_features_and_weights_but_not_through_the_force() -> None:
    features = torch.randn(1, 4, 6, 6, requires_grad=True)
    images = torch.rand(2, 1, 1, 6, 6, requires_grad=True)
    descent = Descent(2, 4, 2, std=1.0, slope=0.2)
    descent(
        features, images[0], images[1], torch.zeros(1, 2, 6, 6), spatial.integrate
    ).square().sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0
    assert images.grad is None
    assert all(weight.grad is not None for weight in descent.parameters())


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_pyramid_reads_images_off_the_last_channel(ndim: int) -> None:
    encoder = Pyramid(1, ndim, features=(8, 8), images=True)
    decoder = PyramidDecoder(
        encoder.channels, ndim, updates=(2, 1), mean_std=0.1, correlation=0, bottleneck=1
    )
    pair = Pair(*torch.rand(2, 1, 1, *[16] * ndim))
    features = encoder(pair).features
    field = decoder(Encoding(features)).mean
    assert field.shape == (1, ndim, *[8] * ndim)
    changed = tuple(level.clone() for level in features)
    for level in changed:
        level[:, -1] = level[:, -1].flip(1)
    assert not torch.allclose(decoder(Encoding(changed)).mean, field)


def test_steps_need_images() -> None:
    recipe = override(CATALOGUE.recipe("contrastive-vae/light"), ["encoder.images=false"], CATALOGUE)
    with pytest.raises(ContregError, match="images"):
        build(recipe, CATALOGUE, ndim=3)


def test_numbers_beyond_the_levels_are_left() -> None:
    counts = [
        sum(weight.numel() for weight in PyramidDecoder((10, 10), 2, updates=updates).parameters())
        for updates in ((2, 1), (2, 1, 4), (2, 2))
    ]
    assert counts[0] == counts[1] < counts[2]


def test_no_fewer_steps_than_none() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        PyramidDecoder((8, 8), 2, updates=(-1,))
