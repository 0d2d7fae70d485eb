"""Encoders that give "separate" say of an image alone what they say of it in a pair."""

from typing import Any

import pytest
import torch

from contreg_core.components import Encoder
from contreg_core.types import Pair
from contreg_plugins.encoders.pyramid import Pyramid
from contreg_plugins.encoders.siamese import Siamese


@pytest.mark.parametrize(
    ("kind", "knobs"),
    [(Siamese, {"local_dim": 4}), (Siamese, {"projection": "none"}), (Pyramid, {"features": (4, 6)})],
)
@pytest.mark.parametrize("ndim", [2, 3])
def test_two_alone_are_the_pair(kind: type[Encoder], knobs: dict[str, Any], ndim: int) -> None:
    torch.manual_seed(0)
    encoder = kind(1, ndim, **knobs).eval()
    assert "separate" in encoder.given()
    pair = Pair(*torch.rand(2, 1, 1, *[16] * ndim).unbind())
    with torch.no_grad():
        joint = encoder(pair)
        apart = encoder.together(encoder.alone(pair.moving), encoder.alone(pair.fixed))
    for one, other in zip(apart.features, joint.features, strict=True):
        torch.testing.assert_close(one, other)
    assert (apart.embeddings is None) == (joint.embeddings is None)
    if joint.embeddings is not None and apart.embeddings is not None:
        torch.testing.assert_close(apart.embeddings.moving, joint.embeddings.moving)
        torch.testing.assert_close(apart.embeddings.fixed, joint.embeddings.fixed)
