"""The layout of features."""

import torch

from contreg_plugins.layers.layout import channels_last


def test_values_stay_and_3d_lies_channels_last() -> None:
    values = torch.randn(2, 3, 4, 5, 6)
    laid = channels_last(values)
    assert torch.equal(laid, values)
    assert laid.is_contiguous(memory_format=torch.channels_last_3d)
    flat = torch.randn(2, 3, 4, 5)
    assert channels_last(flat) is flat
