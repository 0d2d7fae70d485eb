"""Layers in both dimensions."""

from typing import Literal

import pytest
import torch

from contreg_plugins.layers.dimension import convolution, normalisation
from contreg_plugins.layers.upsampling import LinearUpsampling, transposed_upsampling


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("norm", ["batch", "group", "instance", "none"])
@pytest.mark.parametrize("channels", [3, 8, 12, 20])
def test_norms_take_any_channels(
    ndim: int, norm: Literal["batch", "group", "instance", "none"], channels: int
) -> None:
    features = torch.randn(2, channels, *([4] * ndim))
    assert normalisation(ndim, channels, norm)(features).shape == features.shape


@pytest.mark.parametrize("ndim", [2, 3])
def test_sizes(ndim: int) -> None:
    features = torch.randn(1, 2, *([6] * ndim))
    assert convolution(ndim, 2, 3)(features).shape == (1, 3, *([6] * ndim))
    assert convolution(ndim, 2, 3, stride=2)(features).shape == (1, 3, *([3] * ndim))
    assert LinearUpsampling()(features).shape == (1, 2, *([12] * ndim))
    assert transposed_upsampling(ndim, 2, 3, "batch", "relu")(features).shape == (1, 3, *([12] * ndim))
