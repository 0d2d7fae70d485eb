"""Compiled resizing against torch's interpolation."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from contreg_core.kernels import resized

GRIDS = [
    ((4, 5), (8, 9)),
    ((5, 1), (3, 4)),
    ((4, 5, 6), (8, 10, 12)),
    ((7, 6, 5), (3, 6, 1)),
    ((1, 2, 3), (2, 3, 7)),
]


@pytest.mark.parametrize(("old", "new"), GRIDS)
@pytest.mark.parametrize("threads", [1, 3])
def test_it_equals_torch(
    old: tuple[int, ...], new: tuple[int, ...], threads: int, on_threads: Callable[[int], None]
) -> None:
    on_threads(threads)
    values = torch.randn(2, 3, *old, dtype=torch.float64, requires_grad=True)
    mode = "trilinear" if len(old) == 3 else "bilinear"
    plain = F.interpolate(values, size=new, mode=mode, align_corners=True)
    fast = resized(values, new)
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-10)
    weights = torch.randn_like(plain)
    (one,), (other,) = (torch.autograd.grad((out * weights).sum(), values) for out in (fast, plain))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
    torch.testing.assert_close(resized(values.float(), new).double(), plain, rtol=0, atol=1e-5)


def test_blocks_of_a_large_grid_meet() -> None:
    values = torch.randn(1, 1, 2, 70, 70, dtype=torch.float64)
    plain = F.interpolate(values, size=(3, 70, 71), mode="trilinear", align_corners=True)
    torch.testing.assert_close(resized(values, (3, 70, 71)), plain)


def test_it_is_differentiable_twice_as_a_linear_map_is() -> None:
    values = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: resized(a, (5, 6)), values)
    assert torch.autograd.gradgradcheck(lambda a: resized(a, (5, 6)), values)
