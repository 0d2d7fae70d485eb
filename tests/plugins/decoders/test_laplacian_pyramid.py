"""LapIRN: its size by hand, its stages, its bounds (Mok & Chung 2020)."""

import pytest
import torch
from torch import Tensor

from contreg_core.model import Model, parameter_count
from contreg_core.types import Pair
from contreg_plugins.decoders.laplacian_pyramid import LaplacianPyramid
from contreg_plugins.encoders.image_pyramid import ImagePyramid
from contreg_plugins.warpers.svf import StationaryVelocity

SPACE = (24, 16)


def network(**knobs: object) -> Model:
    encoder = ImagePyramid(1, 2)
    decoder = LaplacianPyramid(encoder.channels, 2, **{"width": 6, "blocks": 1, **knobs})  # type: ignore[arg-type]
    return Model(encoder, decoder, StationaryVelocity())


@pytest.fixture
def pair() -> Pair:
    return Pair(*torch.rand(2, 1, 1, *SPACE).unbind())


def learning(model: Model) -> list[bool]:
    """Which levels, finest first, got a gradient."""
    return [all(p.grad is not None for p in level.parameters()) for level in model.decoder.levels]


def test_its_size_by_hand() -> None:
    """28 channels: kernels of 27 x in x out, the transposed one 8 x in x out, nothing else has weights."""

    def level(inputs: int) -> int:
        first = 27 * inputs * 28 + 27 * 28 * 28
        down, blocks, up = 27 * 28 * 28, 5 * 2 * 27 * 28 * 28, 8 * 28 * 28
        return first + down + blocks + up + 27 * 56 * 28 + 27 * 28 * 3

    encoder = ImagePyramid(1, 3)
    assert parameter_count(encoder) == 0
    expected = level(2) + 2 * level(2 + 3)
    assert expected == 923_748
    assert parameter_count(LaplacianPyramid(encoder.channels, 3)) == expected


def test_the_coarsest_images_are_averaged_twice() -> None:
    image = torch.rand(1, 1, *SPACE, dtype=torch.float64)
    levels = ImagePyramid(1, 2)(Pair(image, 2 * image)).features
    assert [tuple(level.shape[2:]) for level in levels] == [(24, 16), (12, 8), (6, 4)]
    assert torch.equal(levels[0], torch.cat((image, 2 * image), 1))
    corner, inner = image[..., :2, :2].mean(), image[..., 3:6, 5:8].mean()
    assert torch.isclose(levels[1][0, 0, 0, 0], corner)
    assert torch.isclose(levels[1][0, 0, 2, 3], inner)
    assert torch.isclose(levels[2][0, 1, 2, 1], levels[1][0, 1, 3:6, 1:4].mean())


def test_levels_join_one_after_another_and_find_the_coarser_ones_frozen(pair: Pair) -> None:
    model = network(stages=(0.25, 0.5), frozen=0.1)
    expected = {
        0.0: (4, [False, False, True]),
        0.24: (4, [False, False, True]),
        0.25: (2, [False, True, False]),
        0.35: (2, [False, True, True]),
        0.5: (1, [True, False, False]),
        0.59: (1, [True, False, False]),
        0.61: (1, [True, True, True]),
    }
    for done, (scale, learns) in expected.items():
        model.zero_grad()
        model.decoder.proceed(done)
        registration = model(pair)
        registration.warped.square().sum().backward()
        assert registration.field.scale == scale
        assert registration.field.mean.shape[2:] == tuple(size // scale for size in SPACE)
        assert registration.displacement.shape[2:] == SPACE
        assert learning(model) == learns, done


def test_a_level_that_joined_stays_and_is_kept_with_the_weights(pair: Pair) -> None:
    model = network(stages=(0.25, 0.5))
    model.decoder.proceed(0.3)
    model.decoder.proceed(0.1)  # the run was planned anew, and is longer than thought
    other = network(stages=(0.25, 0.5))
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        found, expected = other(pair), model(pair)
    assert found.field.scale == expected.field.scale == 2
    assert torch.equal(found.displacement, expected.displacement)


def test_without_stages_all_levels_learn_from_the_start(pair: Pair) -> None:
    model = network()
    model.decoder.proceed(0.0)
    registration = model(pair)
    registration.warped.square().sum().backward()
    assert registration.field.scale == 1
    assert learning(model) == [True, True, True]


def test_a_level_reaches_a_fifth_of_the_image_at_most(pair: Pair) -> None:
    model = network(stages=(0.25, 0.5), reach=0.4)
    with torch.no_grad():
        for weights in model.decoder.parameters():
            weights.mul_(30)
        velocity: Tensor = 4 * model(pair).field.mean
    for axis, size in enumerate(SPACE):
        assert 0.15 * size < velocity[:, axis].abs().max() <= 0.2 * size


@pytest.mark.parametrize("stages", [(0.5,), (0.5, 0.25), (0.5, 1.5), (-0.1, 0.5)])
def test_stages_that_are_none_are_refused(stages: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="growing shares"):
        network(stages=stages)
