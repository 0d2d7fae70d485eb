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
