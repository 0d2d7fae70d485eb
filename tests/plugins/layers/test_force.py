"""The force of local correlation against its definition, and what it must do."""

from itertools import product

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_plugins.layers.force import CorrelationForce, laplacian

SPACES = [(7, 9), (5, 7, 6)]


def window(image: Tensor, point: tuple[int, ...], edge: int) -> Tensor:
    half = edge // 2
    return image[0, 0][tuple(slice(max(0, p - half), p + half + 1) for p in point)]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("edge", [3, 5])
def test_every_voxel_by_its_definition(space: tuple[int, ...], edge: int) -> None:
    moving, fixed = torch.rand(2, 1, 1, *space, dtype=torch.float64)
    found = CorrelationForce(fixed, edge)(moving).double()
    assert found.shape == (1, 2 * len(space) + 1, *space)
    for point in product(*(range(size) for size in space)):
        m, f = window(moving, point, edge), window(fixed, point, edge)
        deviations = [(one.var(correction=0) + 1e-3).sqrt() for one in (m, f)]
        r = ((m - m.mean()) * (f - f.mean())).mean() / (deviations[0] * deviations[1])
        here_m, here_f = moving[(0, 0, *point)], fixed[(0, 0, *point)]
        mismatch = (here_f - f.mean()) / deviations[1] - r * (here_m - m.mean()) / deviations[0]
        slope = torch.stack([_difference(moving[0, 0], point, axis) for axis in range(len(space))])
        slope = slope / deviations[0]
        step = mismatch * slope / (slope.square().sum() + mismatch.square() / 4 + 0.05)
        expected = torch.cat((step, slope, mismatch[None]))
        torch.testing.assert_close(found[(0, slice(None), *point)], expected, atol=2e-5, rtol=1e-4)


def _difference(image: Tensor, point: tuple[int, ...], axis: int) -> Tensor:
    low, high = list(point), list(point)
    low[axis] = max(0, point[axis] - 1)
    high[axis] = min(image.shape[axis] - 1, point[axis] + 1)
    return (image[tuple(high)] - image[tuple(low)]) / 2


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_step_along_it_raises_correlation(ndim: int) -> None:
    """Of images half a voxel apart, the force points to where the moving image has what the fixed one shows."""
    coarse = torch.rand(1, 1, *[8] * ndim)
    image = spatial.stretch(coarse, [24] * ndim)
    shift = torch.zeros(1, ndim, *[24] * ndim)
    shift[:, 0] = 0.5
    force = CorrelationForce(spatial.warp(image, shift), 5)(image)[:, :ndim]
    inside = (slice(None), slice(None), *[slice(4, -4)] * ndim)
    along, others = force[inside][:, 0], force[inside][:, 1:]
    assert along.mean() > 10 * others.mean(dim=tuple(range(2, ndim + 2))).abs().max()
    moved = spatial.warp(image, force)
    before, after = ((one - spatial.warp(image, shift))[inside].square().mean() for one in (image, moved))
    assert after < 0.5 * before


@pytest.mark.parametrize("space", SPACES)
def test_equal_and_flat_images_have_none(space: tuple[int, ...]) -> None:
    image = torch.rand(1, 1, *space)
    ndim = len(space)
    # The deviations' constant leaves a hundredth of the images' own differences.
    assert CorrelationForce(image, 5)(image)[:, :ndim].abs().mean() < 0.02
    flat = torch.full_like(image, 0.3)
    assert CorrelationForce(image, 5)(flat)[:, :ndim].abs().max() < 1e-4


@pytest.mark.parametrize("space", [*SPACES, (1, 4, 5)])
def test_the_laplacian_descends_the_squared_differences(space: tuple[int, ...]) -> None:
    field = torch.randn(2, 3, *space, dtype=torch.float64, requires_grad=True)
    energy = torch.stack([field.diff(dim=axis).square().sum() for axis in range(2, field.ndim)]).sum() / 2
    (slope,) = torch.autograd.grad(energy, field)
    torch.testing.assert_close(laplacian(field.detach()), -slope)
