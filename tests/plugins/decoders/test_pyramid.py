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


def test_no_log_variance_runs_away() -> None:
    """A thousand times the features: their exponential stays finite, and what is usual stays as it is."""
    torch.manual_seed(0)
    decoder = PyramidDecoder((8, 8), 3, log_variance_std=1.0, log_variance_bias=0.0)
    features = tuple(torch.randn(1, 8, size, size, size) for size in (16, 8))
    with torch.no_grad():
        wild = decoder(Encoding(tuple(1000 * level for level in features))).log_variance
    assert wild is not None
    assert float(wild.max()) <= 4.0
    assert decoder.log_variance_head is not None
    torch.nn.init.zeros_(decoder.log_variance_head.convolution.weight)
    torch.nn.init.constant_(decoder.log_variance_head.convolution.bias, -10.0)
    usual = decoder(Encoding(features)).log_variance
    torch.testing.assert_close(usual, torch.full_like(usual, -10.0))
