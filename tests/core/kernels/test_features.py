"""The compiled warp of maps of many channels against the plain one, and its rounding against torch's."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from contreg_core import spatial
from contreg_core.kernels import carried, carries
from contreg_core.kernels.loops.halves import narrow, wide

KINDS = [torch.float32, torch.bfloat16]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def answers(features: Tensor, displacement: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """(values, gradient for the features, gradient for the displacement) of the compiled and the plain form."""
    found = []
    for form in (carried, lambda one, u: spatial.warp(one.float(), u)):
        leaves = features.clone().requires_grad_(), displacement.clone().requires_grad_()
        values = form(*leaves)
        weights = random(*values.shape, seed=3).to(features.dtype).to(values.dtype)
        found.append([values.detach(), *torch.autograd.grad((values * weights).sum(), leaves)])
    return found[0], found[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 5, 40])
@pytest.mark.parametrize("space", [(5, 7, 4), (1, 3, 70), (2, 1, 1)])
@pytest.mark.parametrize("threads", [1, 3])
def test_it_is_the_plain_warp_rounded_once(
    kind: torch.dtype,
    channels: int,
    space: tuple[int, ...],
    threads: int,
    on_threads: Callable[[int], None],
) -> None:
    on_threads(threads)
    features = random(2, channels, *space).to(kind)
    displacement = 4 * random(2, 3, 6, 3, 66, seed=1)
    displacement[0, :, 0] = 1e6
    displacement[1, :, 0] = -1e6
    assert carries(features, displacement)
    fast, plain = answers(features, displacement)
    torch.testing.assert_close(
        fast[0], plain[0].to(kind), rtol=0, atol=2e-2 if kind == torch.bfloat16 else 1e-6
    )
    torch.testing.assert_close(
        fast[1], plain[1].to(kind), rtol=2e-2 if kind == torch.bfloat16 else 1e-5, atol=1e-5
    )
    torch.testing.assert_close(fast[2], plain[2], rtol=1e-4, atol=1e-4)


def test_channels_are_last_in_memory_whatever_they_were() -> None:
    features, displacement = random(2, 4, 5, 6, 7), random(2, 3, 5, 6, 7, seed=1)
    last = features.contiguous(memory_format=torch.channels_last_3d)
    found = carried(last, displacement)
    assert found.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(found, carried(features, displacement))
    assert torch.equal(found, carried(last[..., :], displacement.flip(-1).flip(-1)))


def test_nowhere_reads_nan() -> None:
    displacement = torch.zeros(1, 3, 2, 2, 2)
    displacement[0, 1, 0, 0, 1] = torch.nan
    for kind in KINDS:
        found = carried(random(1, 3, 2, 2, 2).to(kind), displacement)
        assert found.isnan().sum() == 3
        assert found[0, :, 0, 0, 1].isnan().all()


@pytest.mark.parametrize(
    ("features", "displacement"),
    [
        (torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)),
        (torch.zeros(1, 2, 4, 4, 4), torch.zeros(2, 3, 4, 4, 4)),
        (torch.zeros(1, 2, 4, 4, 4), torch.zeros(1, 2, 4, 4, 4)),
        (torch.zeros(1, 2, 4, 4, 4, dtype=torch.float64), torch.zeros(1, 3, 4, 4, 4)),
        (torch.zeros(1, 2, 4, 4, 4), torch.zeros(1, 3, 4, 4, 4, dtype=torch.float64)),
    ],
)
def test_other_shapes_and_types_are_left_to_torch(features: Tensor, displacement: Tensor) -> None:
    assert not carries(features, displacement)


def test_the_public_form_takes_what_the_compiled_one_does_not() -> None:
    features, displacement = random(1, 3, 6, 5).double(), random(1, 2, 6, 5, seed=1).double()
    torch.testing.assert_close(
        spatial.warp_features(features, displacement), spatial.warp(features, displacement)
    )


@settings(max_examples=200, deadline=None)
@given(st.floats(width=32, allow_nan=True, allow_infinity=True))
def test_rounding_is_torchs(value: float) -> None:
    """To the nearest bfloat16, ties to even; every kind of number there is."""
    single = np.float32(value)
    bits = np.uint16(narrow(single, np.uint32(16)))
    found = torch.tensor([bits.astype(np.int32)], dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    expected = torch.tensor([single]).to(torch.bfloat16)
    assert torch.equal(found, expected) or (found.isnan().all() and expected.isnan().all())
    back = wide(bits, np.uint32(16))
    assert back == float(found) or np.isnan(back)
    assert np.uint32(narrow(single, np.uint32(0))) == single.view(np.uint32) or np.isnan(single)
