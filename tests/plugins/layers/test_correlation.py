"""Local correlation against its definition."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from contreg_plugins.layers.correlation import _at_once, _in_turn, local_correlation


@pytest.mark.parametrize("space", [(4, 5), (3, 4, 5)])
@pytest.mark.parametrize("radius", [1, 2])
def test_every_shift_in_axis_order(space: tuple[int, ...], radius: int) -> None:
    moving, fixed = torch.randn(2, 1, 3, *space)
    found = local_correlation(moving, fixed, radius)
    shifts = list(product(range(-radius, radius + 1), repeat=len(space)))
    assert found.shape == (1, len(shifts), *space)
    for k, shift in enumerate(shifts):
        for point in product(*(range(size) for size in space)):
            there = [p + d for p, d in zip(point, shift, strict=True)]
            inside = all(0 <= t < size for t, size in zip(there, space, strict=True))
            a, b = (
                fixed[(0, slice(None), *point)],
                moving[(0, slice(None), *there)] if inside else torch.zeros(3),
            )
            torch.testing.assert_close(found[(0, k, *point)], (a * b).mean())


@pytest.mark.parametrize("space", [(4, 5), (3, 4, 5)])
@pytest.mark.parametrize("radius", [1, 2])
def test_shifts_at_once_are_shifts_in_turn(space: tuple[int, ...], radius: int) -> None:
    """The form for GPUs, and the compiled one where there is one, values and gradients."""
    moving, fixed = torch.randn(2, 2, 3, *space).unbind()
    leaves = moving.requires_grad_(), fixed.requires_grad_()
    padded = F.pad(moving, [radius] * (2 * len(space)))
    turn = _in_turn(padded, fixed, radius)
    weights = torch.randn_like(turn)
    expected = torch.autograd.grad((turn * weights).sum(), leaves, retain_graph=True)
    for form in (_at_once(padded, fixed, radius), local_correlation(moving, fixed, radius)):
        torch.testing.assert_close(form, turn)
        found = torch.autograd.grad((form * weights).sum(), leaves, retain_graph=True)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other)
