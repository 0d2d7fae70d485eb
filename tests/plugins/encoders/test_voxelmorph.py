"""VoxelMorph's encoder in both flavours."""

from typing import Literal

import pytest
import torch

from contreg_core.types import Pair
from contreg_plugins.encoders.voxelmorph import VoxelMorphEncoder

CHANNELS = {"legacy": (2, 16, 32, 32, 32), "dev": (16, 32, 32, 32, 32)}


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("flavour", ["legacy", "dev"])
def test_levels(ndim: int, flavour: Literal["legacy", "dev"]) -> None:
    encoder = VoxelMorphEncoder(1, ndim, flavour=flavour)
    moving, fixed = torch.rand(2, 1, 1, *([32] * ndim))
    features = encoder(Pair(moving, fixed)).features
    assert encoder.channels == CHANNELS[flavour]
    assert encoder.multiple == 16
    assert [level.shape[1] for level in features] == list(encoder.channels)
    assert [level.shape[-1] for level in features] == [32, 16, 8, 4, 2]
    assert encoder.given() == {"full-resolution"}


def test_the_legacy_flavour_hands_the_images_on() -> None:
    moving, fixed = torch.rand(2, 1, 1, 16, 16)
    features = VoxelMorphEncoder(1, 2)(Pair(moving, fixed)).features
    assert torch.equal(features[0], torch.cat((moving, fixed), dim=1))
