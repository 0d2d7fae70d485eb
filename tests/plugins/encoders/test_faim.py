"""FAIM's encoder: sizes of oracles.md, kernels, first weights."""

import pytest
import torch

from contreg_core.types import Pair
from contreg_plugins.encoders.faim import FAIMEncoder

LEVELS = {(36, 44): [(36, 44), (17, 21), (8, 10)], (8, 12, 16): [(8, 12, 16), (3, 5, 7), (1, 2, 3)]}


@pytest.mark.parametrize("space", LEVELS)
def test_levels(space: tuple[int, ...]) -> None:
    encoder = FAIMEncoder(1, len(space))
    features = encoder(Pair(*torch.rand(2, 1, 1, *space))).features
    assert encoder.channels == (32, 32, 32)
    assert encoder.multiple == 4
    assert [level.shape[1] for level in features] == list(encoder.channels)
    assert [tuple(level.shape[2:]) for level in features] == LEVELS[space]
    assert encoder.given() == {"full-resolution"}


def test_levels_of_the_publication() -> None:
    """144x180x144 -> 71x89x71 -> 35x44x35, here in 2-D."""
    features = FAIMEncoder(1, 2, features=1)(Pair(*torch.rand(2, 1, 1, 144, 180))).features
    assert [tuple(level.shape[2:]) for level in features] == [(144, 180), (71, 89), (35, 44)]


@pytest.mark.parametrize("size", range(1, 8))
def test_tiny_images(size: int) -> None:
    features = FAIMEncoder(1, 2)(Pair(*torch.rand(2, 1, 1, size, size))).features
    assert all(torch.isfinite(level).all() for level in features)
    assert min(features[-1].shape[2:]) >= 1


def test_the_kernels_stand_beside_each_other_largest_first() -> None:
    encoder = FAIMEncoder(1, 2, features=1)
    moving = torch.zeros(1, 1, 31, 31)
    moving[..., 15, 15] = 1
    for parameter in encoder.inception.parameters():
        torch.nn.init.ones_(parameter)
    finest = encoder(Pair(moving, torch.zeros_like(moving))).features[0][0]
    seen = [(channel > 1).nonzero() for channel in finest]  # the bias is 1
    assert [len(points) for points in seen] == [121, 49, 25, 4]
    assert [(int(points.min()), int(points.max())) for points in seen] == [
        (10, 20),
        (12, 18),
        (13, 17),
        (14, 15),
    ]


def test_slopes_start_at_zero_one_a_channel() -> None:
    slopes = [layer.weight for layer in FAIMEncoder(1, 2).modules() if isinstance(layer, torch.nn.PReLU)]
    assert [slope.shape for slope in slopes] == [(32,)] * 3
    assert all((slope == 0).all() for slope in slopes)
