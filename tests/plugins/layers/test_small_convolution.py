"""A lone small volume, in slabs or not: the same convolution."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from contreg_plugins.layers.small_convolution import convolved

SIZES = st.tuples(*[st.integers(1, 9)] * 3)


def close(found: Any, expected: Any) -> None:
    """Sums in another order: rounding is of the largest value, not of each."""
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * max(1.0, float(expected.abs().max())))


@given(SIZES, st.integers(1, 5), st.integers(1, 2), st.booleans(), st.integers(1, 2))
def test_it_is_the_convolution_of_torch(
    space: tuple[int, int, int], channels: int, stride: int, bias: bool, batch: int
) -> None:
    torch.manual_seed(0)
    shapes = (batch, channels, *space), (4, channels, 3, 3, 3), *[(4,)] * bias
    found = []
    for convolution in (convolved, F.conv3d):
        torch.manual_seed(1)
        parts = [torch.randn(shape, requires_grad=True) for shape in shapes]
        values = convolution(parts[0], parts[1], parts[2] if bias else None, (stride,) * 3, (1, 1, 1))
        values.square().sum().backward()
        found.append([values.detach(), *(part.grad for part in parts)])
    for own, reference in zip(*found, strict=True):
        close(own, reference)


@pytest.mark.parametrize(
    "shape", [(1, 2, 8, 8, 8), (1, 32, 24, 24, 24), (1, 254, 6, 6, 6), (1, 2, 80, 96, 80)]
)
def test_torch_is_never_asked_to_unfold(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    original = torch.conv3d

    def conv3d(
        volume: torch.Tensor, weight: torch.Tensor, bias: Any, stride: Any, padding: Any, *rest: Any
    ) -> Any:
        backend = torch._C._select_conv_backend(
            volume, weight, bias, list(stride), list(padding), [1] * 3, False, [0] * 3, 1
        )
        asked.append(backend)
        return original(volume, weight, bias, stride, padding, *rest)

    monkeypatch.setattr(torch.nn.functional, "conv3d", conv3d)
    convolved(torch.randn(shape), torch.randn(4, shape[1], 3, 3, 3), None, (1, 1, 1), (1, 1, 1))
    assert [backend.name for backend in asked] == ["Mkldnn"]
