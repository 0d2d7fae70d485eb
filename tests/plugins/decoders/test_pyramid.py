"""The coarse-to-fine decoder's switches."""

import torch

from contreg_core.types import Encoding
from contreg_plugins.decoders.pyramid import PyramidDecoder


def test_without_warping_levels_see_the_moving_features_as_they_are() -> None:
    features = tuple(torch.randn(1, 8, size, size, size) for size in (16, 8))
    plain, warping = (PyramidDecoder((8, 8), 3, warping=switch, mean_std=1.0) for switch in (False, True))
    warping.load_state_dict(plain.state_dict())
    fields = [decoder(Encoding(features)).mean for decoder in (plain, warping)]
    assert not torch.allclose(*fields)
    for decoder in (plain, warping):
        decoder.heads[1].load_state_dict(
            {name: value * 0 for name, value in decoder.heads[1].state_dict().items()}
        )
    torch.testing.assert_close(*(decoder(Encoding(features)).mean for decoder in (plain, warping)))
