"""Local correlation against its definition."""

from itertools import product

import pytest
import torch

from contreg_plugins.layers.correlation import local_correlation


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
