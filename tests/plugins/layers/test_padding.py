"""Sizes after convolutions, and features made to fit."""

import pytest
import torch

from contreg_plugins.layers.padding import fitted, same_convolution, valid_convolution, valid_transposed


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_same_keeps_the_size(ndim: int, kernel: int) -> None:
    image = torch.rand(1, 2, *((5, 6, 7)[:ndim]))
    assert same_convolution(ndim, 2, 3, kernel=kernel)(image).shape[2:] == image.shape[2:]


def test_an_even_kernel_looks_ahead() -> None:
    layer = same_convolution(2, 1, 1, kernel=2)
    for parameter in layer.parameters():
        torch.nn.init.ones_(parameter)
    image = torch.arange(3.0).repeat(3, 1)[None, None]
    expected = torch.tensor([[3.0, 7, 5], [3, 7, 5], [2, 4, 3]])[None, None]
    torch.testing.assert_close(layer(image), expected)


@pytest.mark.parametrize(
    ("size", "halved", "back"), [(144, 71, 143), (180, 89, 179), (71, 35, 71), (89, 44, 89)]
)
def test_sizes_without_padding(size: int, halved: int, back: int) -> None:
    half = valid_convolution(2, 1, 1)(torch.rand(1, 1, size, size))
    assert half.shape[2:] == (halved, halved)
    assert valid_transposed(2, 1, 1)(half).shape[2:] == (back, back)


def test_fitted_adds_and_cuts_at_the_high_end() -> None:
    features = 1 + torch.rand(1, 2, 4, 5)
    found = fitted(features, (6, 3))
    assert torch.equal(found[:, :, :4], features[..., :3])
    assert found.shape == (1, 2, 6, 3)
    assert (found[:, :, 4:] == 0).all()
    assert torch.equal(fitted(features, (4, 5)), features)
