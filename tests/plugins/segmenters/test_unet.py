"""The U-Net: its number of values, any size, and what it does not depend on."""

from itertools import pairwise

import pytest
import torch

from contreg_core.model import parameter_count
from contreg_core.segmentation import SegmentationModel
from contreg_core.types import Labelled
from contreg_plugins.segmenters.unet import UNet, standardised

SMALL = (4, 6, 8)


def model(ndim: int, classes: int = 3) -> SegmentationModel:
    return SegmentationModel(UNet(1, classes, ndim, features=SMALL)).eval()


def expected(features: tuple[int, ...], classes: int, ndim: int) -> int:
    """Two convolutions without bias and two norms a level, down and up; 2^ndim weights a transposed one; the head."""
    k = 3**ndim

    def twice(a: int, b: int) -> int:
        return k * a * b + k * b * b + 4 * b

    down = sum(twice(a, b) for a, b in pairwise((1, *features)))
    up = sum(2**ndim * below * own + own + twice(2 * own, own) for own, below in pairwise(features))
    return down + up + features[0] * classes + classes


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("features", [(32, 64, 128, 256), (16, 32, 64, 128), (5,)])
def test_the_number_of_values(features: tuple[int, ...], ndim: int) -> None:
    assert parameter_count(UNet(1, 8, ndim, features=features)) == expected(features, 8, ndim)


def test_the_published_width_has_five_million() -> None:
    assert parameter_count(UNet(1, 8, 3)) == 5_601_352


@pytest.mark.parametrize("space", [(37, 29), (9, 12, 15), (8, 8, 8), (13, 5, 11)])
def test_any_size_and_batch_one_train(space: tuple[int, ...]) -> None:
    net = model(len(space)).train()
    image = torch.rand(1, 1, *space)
    assert net(image).shape == (1, 3, *space)
    found = net.study(Labelled(image, torch.zeros(1, 1, *space, dtype=torch.int64)), frozenset())
    found.logits.sum().backward()
    assert found.logits.shape[2:] == found.classes.shape[2:]
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("ndim", [2, 3])
def test_emptiness_around_the_brain_changes_nothing(ndim: int) -> None:
    """Norms average over all they see, so they must not see how far the field of view reaches."""
    net, brain = model(ndim), 0.1 + torch.rand(1, 1, *[9, 10, 8][:ndim])
    wide = torch.nn.functional.pad(brain, [3, 5] * ndim)
    with torch.no_grad():
        found, reference = net(wide), net(brain)
    inside = found[(..., *[slice(3, -5)] * ndim)]
    assert torch.allclose(inside, reference, atol=1e-5)
    outside = found.softmax(1)[(0, 0, *[slice(0, 3)] * ndim)]
    assert (outside > 0.999).all()


def test_an_empty_image_is_no_crash() -> None:
    assert torch.isfinite(model(2)(torch.zeros(1, 1, 8, 8))).all()


def test_intensities_are_brought_to_one_scale() -> None:
    image = torch.rand(2, 1, 6, 7) * (torch.rand(2, 1, 6, 7) > 0.4)
    scaled = standardised(torch.where(image == 0, image, 3 * image + 5))
    for before, after, again in zip(image, scaled, standardised(image), strict=True):
        assert (after[before == 0] == 0).all()
        values = after[before != 0]
        assert float(values.mean()) == pytest.approx(0, abs=1e-5)
        assert float(values.std(correction=0)) == pytest.approx(1, abs=1e-5)
        assert torch.allclose(after, again, atol=1e-4)
