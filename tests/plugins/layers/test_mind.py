"""MIND-SSC: its invariances, and its definition spelt out."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_plugins.layers.mind import diagonal_pairs, mind_ssc, neighbours

Brain = Callable[..., Tensor]


@pytest.mark.parametrize("space", [(20, 17), (12, 14, 11)])
@pytest.mark.parametrize(("scale", "shift"), [(3.0, 0.0), (1.0, 5.0), (-1.0, 1.0), (-0.01, 0.3)])
def test_blind_to_affine_changes_of_intensity_and_to_inversion(
    brain: Brain, space: tuple[int, ...], scale: float, shift: float
) -> None:
    image = brain(space)
    assert torch.allclose(mind_ssc(image), mind_ssc(scale * image + shift), atol=1e-9)


@pytest.mark.parametrize(("ndim", "channels"), [(2, 4), (3, 12)])
def test_compared_neighbours_lie_a_diagonal_apart(ndim: int, channels: int) -> None:
    shifts = neighbours(ndim, 3)
    pairs = diagonal_pairs(ndim)
    assert len(pairs) == channels
    squares = [
        sum((a - b) ** 2 for a, b in zip(shifts[one], shifts[other], strict=True)) for one, other in pairs
    ]
    assert squares == [2 * 3**2] * channels


def test_equals_the_definition() -> None:
    image = torch.rand(1, 1, 9, 8, dtype=torch.float64)
    found, radius, dilation = mind_ssc(image, radius=1, dilation=2), 1, 2

    def at(i: int, j: int) -> float:
        return float(image[0, 0, min(max(i, 0), 8), min(max(j, 0), 7)])

    def patch(p: tuple[int, int], a: tuple[int, ...], b: tuple[int, ...]) -> float:
        cube = list(product(range(-radius, radius + 1), repeat=2))
        squares = [
            (at(p[0] + a[0] + i, p[1] + a[1] + j) - at(p[0] + b[0] + i, p[1] + b[1] + j)) ** 2
            for i, j in cube
        ]
        return sum(squares) / len(cube)

    shifts = neighbours(2, dilation)
    for p in [(0, 0), (4, 4), (8, 3)]:
        distances = torch.tensor([patch(p, shifts[a], shifts[b]) for a, b in diagonal_pairs(2)])
        distances = distances - distances.min()
        expected = torch.exp(-distances / distances.mean())
        assert torch.allclose(found[0, :, p[0], p[1]], expected.double(), atol=1e-6)


def test_flat_images_and_backgrounds_are_ones(brain: Brain) -> None:
    assert torch.equal(mind_ssc(torch.full((1, 1, 8, 8, 8), 0.3)), torch.ones(1, 12, 8, 8, 8))
    described = mind_ssc(F.pad(brain((32, 32)), [4] * 4))
    assert torch.equal(described[..., :1, :], torch.ones(1, 4, 1, 40, dtype=torch.float64))
    assert described.min() < 0.5


def test_an_image_of_a_batch_is_described_as_if_alone(brain: Brain) -> None:
    images = torch.cat([brain((14, 12), 0), 100 * brain((14, 12), 1)])
    assert torch.allclose(mind_ssc(images)[1:], mind_ssc(images[1:]), atol=1e-12)
