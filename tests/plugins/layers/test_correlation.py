"""Local correlation against its definition."""

from itertools import product

import pytest
import torch

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
    """The form for GPUs, values and gradients."""
    padded = torch.randn(2, 3, *[size + 2 * radius for size in space]).requires_grad_()
    fixed = torch.randn(2, 3, *space).requires_grad_()
    once, turn = _at_once(padded, fixed, radius), _in_turn(padded, fixed, radius)
    weights = torch.randn_like(turn)
    torch.testing.assert_close(once, turn)
    for found, expected in zip(
        *(torch.autograd.grad((one * weights).sum(), (padded, fixed)) for one in (once, turn)), strict=True
    ):
        torch.testing.assert_close(found, expected)
