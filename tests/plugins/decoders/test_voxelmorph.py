"""VoxelMorph's decoder in its four sizes."""

from typing import Literal

import pytest
import torch

from contreg_core.types import Pair
from contreg_plugins.decoders.voxelmorph import VoxelMorphDecoder
from contreg_plugins.encoders.voxelmorph import VoxelMorphEncoder


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("features", ["vm1", "vm2", "dev", "diff"])
def test_size_of_the_field(ndim: int, features: Literal["vm1", "vm2", "dev", "diff"]) -> None:
    encoder = VoxelMorphEncoder(1, ndim, flavour="dev" if features == "dev" else "legacy")
    decoder = VoxelMorphDecoder(encoder.channels, ndim, features=features, log_variance=features == "diff")
    moving, fixed = torch.rand(2, 1, 1, *([16] * ndim))
    field = decoder(encoder(Pair(moving, fixed)))
    scale = 2 if features == "diff" else 1
    assert field.scale == scale
    assert field.mean.shape == (1, ndim, *([16 // scale] * ndim))
    assert (field.log_variance is not None) == (features == "diff")
    assert ("log_variance" in decoder.given()) == (features == "diff")


def test_the_first_variance_is_small() -> None:
    encoder = VoxelMorphEncoder(1, 2)
    decoder = VoxelMorphDecoder(encoder.channels, 2, features="diff", kind="velocity", log_variance=True)
    field = decoder(encoder(Pair(*torch.rand(2, 1, 1, 16, 16))))
    assert field.kind == "velocity"
    assert field.log_variance is not None
    torch.testing.assert_close(field.log_variance, torch.full_like(field.mean, -10))
