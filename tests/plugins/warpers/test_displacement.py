"""Displacement as it is: oracles.md, and the released code's grid."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Field
from contreg_plugins.warpers.displacement import DisplacementWarper

Brain = Callable[..., Tensor]


def displaced(values: Tensor, scale: int = 1, *, legacy_grid: bool = False) -> Tensor:
    return DisplacementWarper(legacy_grid=legacy_grid)(values, Field(values, scale=scale))


@pytest.mark.parametrize("space", [(7, 9), (7, 9, 6)])
def test_zero_is_the_identity(brain: Brain, space: tuple[int, ...]) -> None:
    displacement = displaced(torch.zeros(1, len(space), *space))
    assert (displacement == 0).all()
    image = brain(space).float()
    assert (DisplacementWarper().warp(image, displacement) - image).abs().max() <= 1e-6


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_shift_reads_further_along_its_own_axis_only(axis: int) -> None:
    image = torch.rand(1, 1, 7, 9, 6)
    displacement = torch.zeros(1, 3, 7, 9, 6)
    displacement[:, axis] = 1
    warped = DisplacementWarper().warp(image, displaced(displacement))
    size = image.shape[axis + 2]
    # Content moves towards lower indices: warped(p) = image(p + 1).
    expected = image.narrow(axis + 2, 1, size - 1)
    torch.testing.assert_close(warped.narrow(axis + 2, 0, size - 1), expected)


def test_half_resolution_counts_double() -> None:
    displacement = displaced(torch.full((1, 3, 4, 5, 6), 1.5), scale=2)
    assert displacement.shape == (1, 3, 8, 10, 12)
    torch.testing.assert_close(displacement, torch.full_like(displacement, 3.0))


def test_positions_of_the_released_grid() -> None:
    size = 72
    displacement = displaced(torch.zeros(1, 2, size, 5, dtype=torch.float64), legacy_grid=True)
    position = torch.arange(size) + displacement[0, 0, :, 0]
    assert position[0].item() == -0.5
    assert position[-1].item() == pytest.approx(size - 0.5)
    assert displacement[0, 0].abs().mean().item() == pytest.approx(0.2535, abs=5e-5)


@pytest.mark.parametrize("space", [(12, 9), (12, 9, 7)])
def test_the_released_grid_is_grid_sample_with_its_old_default(brain: Brain, space: tuple[int, ...]) -> None:
    ndim = len(space)
    image = brain(space)
    values = 2 * torch.randn(1, ndim, *space, dtype=torch.float64)
    grid = spatial.identity_grid(space, values) + values
    normalised = torch.stack([2 * grid[:, k] / (space[k] - 1) - 1 for k in reversed(range(ndim))], dim=-1)
    expected = F.grid_sample(image, normalised, "bilinear", "zeros", align_corners=False)
    warper = DisplacementWarper(padding="zeros", legacy_grid=True)
    torch.testing.assert_close(warper.warp(image, warper(values, Field(values))), expected)


def test_padding_decides_what_lies_outside() -> None:
    image, far = torch.ones(1, 1, 6, 6), torch.full((1, 2, 6, 6), 20.0)
    assert (DisplacementWarper().warp(image, far) == 1).all()
    assert (DisplacementWarper(padding="zeros").warp(image, far) == 0).all()
