"""The coarse-to-fine decoder's switches."""

import pytest
import torch

from contreg_core import spatial
from contreg_core.types import Encoding, Pair
from contreg_plugins.decoders.pyramid import PyramidDecoder
from contreg_plugins.encoders.pyramid import Pyramid


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


@pytest.mark.parametrize("ndim", [2, 3])
def test_at_full_resolution_every_voxel_has_a_velocity(ndim: int) -> None:
    torch.manual_seed(0)
    encoder = Pyramid(1, ndim, features=(6, 8), full=4)
    decoder = PyramidDecoder(encoder.channels, ndim, full=True, mean_std=0.5)
    assert "full-resolution" in decoder.needed() & encoder.given()
    with torch.no_grad():
        field = decoder(encoder(Pair(*torch.rand(2, 1, 1, *[16] * ndim))))
    assert (field.scale, field.mean.shape) == (1, (1, ndim, *[16] * ndim))
    assert field.log_variance is not None
    assert field.log_variance.shape == field.mean.shape


def test_a_full_level_that_says_nothing_leaves_the_velocity_of_the_halves() -> None:
    torch.manual_seed(0)
    features = tuple(torch.randn(1, width, size, size, size) for width, size in ((4, 16), (8, 8), (8, 4)))
    half = PyramidDecoder((8, 8), 3, mean_std=0.5, log_variance=False)
    full = PyramidDecoder((4, 8, 8), 3, mean_std=0.5, log_variance=False, full=True)
    for level in range(2):
        full.blocks[level + 1].load_state_dict(half.blocks[level].state_dict())
        full.heads[level + 1].load_state_dict(half.heads[level].state_dict())
    full.heads[0].load_state_dict({name: value * 0 for name, value in full.heads[0].state_dict().items()})
    with torch.no_grad():
        expected = spatial.resize(half(Encoding(features[1:])).mean, (16, 16, 16))
        torch.testing.assert_close(full(Encoding(features)).mean, expected)


def test_depth_begins_as_the_shallower_network_and_learns() -> None:
    torch.manual_seed(0)
    features = tuple(torch.randn(1, 8, size, size, size) for size in (16, 8))
    plain, deep = (PyramidDecoder((8, 8), 3, mean_std=0.5, depth=depth) for depth in ((), (1, 2, 3)))
    missing, unexpected = deep.load_state_dict(plain.state_dict(), strict=False)
    assert len(missing) == 2 * (1 + 2)
    assert not unexpected
    found = deep(Encoding(features)).mean
    torch.testing.assert_close(found, plain(Encoding(features)).mean)
    found.square().sum().backward()
    gradients = [dict(deep.named_parameters())[name].grad for name in missing]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_depth_is_not_negative() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        PyramidDecoder((8, 8), 3, depth=(-1,))
