"""The feature pyramid with the images beside the features."""

import pytest
import torch

from contreg_core import spatial
from contreg_core.conformance.encoder import EncoderCase, facts_are_true, halves_swap
from contreg_core.types import Pair
from contreg_plugins.encoders.pyramid import Pyramid


@pytest.mark.parametrize("ndim", [2, 3])
def test_images_come_last_and_change_nothing_else(ndim: int) -> None:
    plain, both = (Pyramid(1, ndim, features=(4, 6), images=switch) for switch in (False, True))
    both.load_state_dict(plain.state_dict())
    pair = Pair(*torch.rand(2, 1, 1, *[16] * ndim))
    without, with_images = plain(pair), both(pair)
    for level, (bare, full) in enumerate(zip(without.paired(), with_images.paired(), strict=True), start=1):
        for one, other, image in zip(bare, full, (pair.moving, pair.fixed), strict=True):
            torch.testing.assert_close(other[:, :-1], one)
            torch.testing.assert_close(other[:, -1:], spatial.average(image, 2**level))
    assert without.embeddings is not None
    assert with_images.embeddings is not None
    torch.testing.assert_close(with_images.embeddings.moving, without.embeddings.moving)
    torch.testing.assert_close(with_images.embeddings.fixed_map, without.embeddings.fixed_map)


def test_laws_of_its_facts() -> None:
    case = EncoderCase(Pyramid, {"features": (4, 6), "images": True})
    facts_are_true(case)
    halves_swap(case)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("images", [False, True])
def test_a_full_level_stands_in_front_and_changes_nothing_else(ndim: int, images: bool) -> None:
    torch.manual_seed(0)
    plain, full = (Pyramid(1, ndim, features=(4, 6), images=images, full=size) for size in (0, 3))
    full.load_state_dict(plain.state_dict(), strict=False)
    pair = Pair(*torch.rand(2, 1, 1, *[16] * ndim))
    without, with_full = plain(pair), full(pair)
    assert with_full.features[0].shape == (1, 2 * (3 + images), *[16] * ndim)
    assert full.channels == (2 * (3 + images), *plain.channels)
    for one, other in zip(without.features, with_full.features[1:], strict=True):
        torch.testing.assert_close(other, one)
    if images:
        torch.testing.assert_close(with_full.paired()[0][1][:, -1:], pair.fixed)
    assert without.embeddings is not None
    assert with_full.embeddings is not None
    torch.testing.assert_close(with_full.embeddings.moving_map, without.embeddings.moving_map)


def test_laws_of_its_facts_at_full_resolution() -> None:
    case = EncoderCase(Pyramid, {"features": (4, 6), "full": 3})
    facts_are_true(case)
    halves_swap(case)
