"""A lone small volume, in slabs or not: the same convolution."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from contreg_plugins.layers.convolution3d import Convolution3d

SIZES = st.tuples(*[st.integers(1, 9)] * 3)


def _with_gradients(layer: nn.Module, volume: torch.Tensor) -> list[torch.Tensor]:
    volume = volume.clone().requires_grad_()
    layer.zero_grad()
    found = layer(volume)
    found.square().sum().backward()
    gradients: list[Any] = [volume.grad, *(parameter.grad for parameter in layer.parameters())]
    return [found.detach(), *gradients]


@given(SIZES, st.integers(1, 5), st.integers(1, 2), st.booleans(), st.integers(1, 2))
def test_it_is_the_convolution_of_torch(
    space: tuple[int, int, int], channels: int, stride: int, bias: bool, batch: int
) -> None:
    torch.manual_seed(0)
    ours = Convolution3d(channels, 4, 3, stride=stride, padding=1, bias=bias).double().float()
    plain = nn.Conv3d(channels, 4, 3, stride=stride, padding=1, bias=bias)
    plain.load_state_dict(ours.state_dict())
    volume = torch.randn(batch, channels, *space)
    for own, reference in zip(_with_gradients(ours, volume), _with_gradients(plain, volume), strict=True):
        torch.testing.assert_close(own, reference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "shape", [(1, 2, 8, 8, 8), (1, 32, 24, 24, 24), (1, 254, 6, 6, 6), (1, 2, 80, 96, 80)]
)
def test_torch_is_never_asked_to_unfold(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    original = torch.conv3d

    def conv3d(
        volume: torch.Tensor, weight: torch.Tensor, bias: Any, stride: Any, padding: Any, *rest: Any
    ) -> Any:
        pads = [padding] * 3 if isinstance(padding, int) else list(padding)
        backend = torch._C._select_conv_backend(
            volume, weight, bias, list(stride), pads, [1] * 3, False, [0] * 3, 1
        )
        asked.append(backend)
        return original(volume, weight, bias, stride, padding, *rest)

    monkeypatch.setattr(torch.nn.functional, "conv3d", conv3d)
    Convolution3d(shape[1], 4, 3, padding=1)(torch.randn(shape))
    assert [backend.name for backend in asked] == ["Mkldnn"]
