"""A convolution whose gradients are found another way: the same gradients."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck, gradgradcheck

from contreg_plugins.layers.convolution3d import Convolution3d, SameConvolution

SIZES = st.tuples(*[st.integers(1, 9)] * 3)


def close(found: Any, expected: Any) -> None:
    """Sums in another order: rounding is of the largest value, not of each."""
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * max(1.0, float(expected.abs().max())))


def _with_gradients(layer: nn.Module, volume: torch.Tensor) -> list[torch.Tensor]:
    volume = volume.clone().requires_grad_()
    layer.zero_grad()
    found = layer(volume)
    found.square().sum().backward()
    gradients: list[Any] = [volume.grad, *(parameter.grad for parameter in layer.parameters())]
    return [found.detach(), *gradients]


@pytest.fixture(params=["AVX2", "AVX512"])
def capability(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: request.param)
    return str(request.param)


@pytest.mark.parametrize("capability", ["AVX2", "AVX512"])
@given(
    space=SIZES,
    channels=st.integers(1, 5),
    stride=st.integers(1, 2),
    bias=st.booleans(),
    batch=st.integers(1, 3),
)
def test_it_is_the_convolution_of_torch(
    capability: str, space: tuple[int, int, int], channels: int, stride: int, bias: bool, batch: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
        torch.manual_seed(0)
        ours = Convolution3d(channels, 4, 3, stride=stride, padding=1, bias=bias)
        plain = nn.Conv3d(channels, 4, 3, stride=stride, padding=1, bias=bias)
        plain.load_state_dict(ours.state_dict())
        volume = torch.randn(batch, channels, *space)
        for own, reference in zip(_with_gradients(ours, volume), _with_gradients(plain, volume), strict=True):
            close(own, reference)


@pytest.mark.parametrize("batch", [1, 2])
def test_gradients_are_those_of_differences_and_have_gradients(batch: int) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = (batch, 2, 3, 2, 4), (3, 2, 3, 3, 3), (3,)
    inputs = [torch.randn(s, generator=generator, dtype=torch.float64, requires_grad=True) for s in shapes]
    assert gradcheck(SameConvolution.apply, inputs)
    assert gradgradcheck(SameConvolution.apply, inputs)


def test_volumes_of_a_batch_do_not_meet() -> None:
    """The last plane of one lies beside the first of the next."""
    weight = torch.zeros(1, 1, 3, 3, 3, requires_grad=True)
    volume = torch.zeros(2, 1, 4, 5, 6)
    volume[0, 0, -1] = 1
    seen = torch.zeros(2, 1, 4, 5, 6)
    seen[1, 0, 0] = 1
    (SameConvolution.apply(volume, weight, None) * seen).sum().backward()
    assert weight.grad is not None
    assert not weight.grad.any()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"stride": 2}, False),
        ({"kernel_size": 1, "padding": 0}, False),
        ({"dtype": torch.float64}, False),
    ],
)
def test_where_it_is_taken(capability: str, change: dict[str, Any], expected: bool) -> None:
    layer = Convolution3d(2, 3, **{"kernel_size": 3, "padding": 1, **change})
    volume = torch.randn(1, 2, 6, 6, 6, dtype=layer.weight.dtype)
    assert _taken(layer(volume)) is (expected and capability == "AVX2")
    with torch.autocast("cpu", torch.bfloat16):
        assert not _taken(layer(volume))
    with torch.no_grad():
        assert not _taken(layer(volume))
    layer.requires_grad_(requires_grad=False)
    assert not _taken(layer(volume.requires_grad_()))


def _taken(found: torch.Tensor) -> bool:
    return type(found.grad_fn).__name__ == "SameConvolutionBackward"


@pytest.mark.parametrize("asked", [(True, False, False), (False, True, False), (False, False, True)])
def test_only_what_is_asked_for_is_found(asked: tuple[bool, bool, bool]) -> None:
    parts = [torch.randn(s) for s in ((1, 2, 4, 4, 4), (3, 2, 3, 3, 3), (3,))]
    ours = [part.clone().requires_grad_(wanted) for part, wanted in zip(parts, asked, strict=True)]
    plain = [part.clone().requires_grad_(wanted) for part, wanted in zip(parts, asked, strict=True)]
    SameConvolution.apply(*ours).sum().backward()  # type: ignore[no-untyped-call]
    F.conv3d(*plain, padding=1).sum().backward()
    for own, reference, wanted in zip(ours, plain, asked, strict=True):
        assert (own.grad is not None) is wanted
        if wanted:
            close(own.grad, reference.grad)
