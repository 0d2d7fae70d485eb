"""FAIM's decoder: any sizes, and skips that are added."""

import pytest
import torch

from contreg_core.types import Encoding, Pair
from contreg_plugins.decoders.faim import FAIMDecoder
from contreg_plugins.encoders.faim import FAIMEncoder


@pytest.mark.parametrize("space", [(16, 16), (7, 10), (9, 5), (3, 1), (8, 12, 16), (7, 9, 10)])
def test_the_field_has_the_size_of_the_image(space: tuple[int, ...]) -> None:
    encoder = FAIMEncoder(1, len(space), features=2)
    field = FAIMDecoder(encoder.channels, len(space))(encoder(Pair(*torch.rand(2, 1, 1, *space))))
    assert field.mean.shape == (1, len(space), *space)
    assert field.mean.dtype == torch.float32
    assert (field.scale, field.kind, field.log_variance) == (1, "displacement", None)


@pytest.mark.parametrize("ndim", [2, 3])
def test_under_bfloat16_the_field_is_float32(ndim: int) -> None:
    encoder = FAIMEncoder(1, ndim, features=2)
    decoder = FAIMDecoder(encoder.channels, ndim)
    with torch.autocast("cpu", torch.bfloat16):
        field = decoder(encoder(Pair(*torch.rand(2, 1, 1, *([8] * ndim)))))
    assert field.mean.dtype == torch.float32
    field.mean.sum().backward()
    assert torch.isfinite(decoder.rises[0].layers[0].weight.grad).all()


def test_skips_are_added_and_the_last_voxel_is_of_the_finest_alone() -> None:
    decoder = FAIMDecoder((4, 4, 4), 2)
    half, quarter = torch.rand(1, 4, 7, 7), torch.rand(1, 4, 3, 3)
    finest = torch.rand(1, 4, 16, 16)
    handed: list[torch.Tensor] = []
    decoder.mean.register_forward_pre_hook(lambda _, inputs: handed.append(inputs[0]))
    decoder(Encoding((finest, half, quarter)))
    decoder(Encoding((torch.zeros_like(finest), half, quarter)))
    torch.testing.assert_close(handed[0] - handed[1], finest)
    assert (handed[1][..., -1] == 0).all()
    assert (handed[1][..., -1, :] == 0).all()
    assert (handed[1][..., :-1, :-1] != 0).any()


def test_the_first_field_is_small() -> None:
    head = FAIMDecoder((32, 32, 32), 3).mean.convolution
    assert float(head.weight.detach().std()) == pytest.approx(1e-2, rel=0.1)
    assert head.bias is not None
    assert (head.bias == 0).all()
