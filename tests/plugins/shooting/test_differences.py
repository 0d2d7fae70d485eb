"""Differences and determinants against torch's own and against finite differences."""

import pytest
import torch

from contreg_core import spatial
from contreg_plugins.shooting.differences import determinant, gradient

SPACES = [(6, 5), (5, 6, 4)]


def random(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64)


@pytest.mark.parametrize("space", SPACES)
def test_inside_they_are_torchs_own(space: tuple[int, ...]) -> None:
    values = random(2, 3, *space)
    axes = tuple(range(2, values.ndim))
    expected = torch.stack(torch.gradient(values, dim=axes), dim=2)
    inner = (..., *[slice(1, -1)] * len(space))
    assert torch.allclose(gradient(values)[inner], expected[inner], atol=1e-15)


def test_a_border_is_flat_or_the_other_side() -> None:
    ramp = torch.arange(5.0).expand(1, 1, 3, 5)
    assert gradient(ramp)[0, 0, 1, 0].tolist() == [0, 1, 1, 1, 0]
    assert gradient(ramp, "periodic")[0, 0, 1, 0].tolist() == [-1.5, 1, 1, 1, -1.5]


@pytest.mark.parametrize("size", [1, 2])
def test_a_thin_axis_has_no_slope(size: int) -> None:
    assert not gradient(random(1, 1, size, 4))[:, :, 0].any()


@pytest.mark.parametrize("space", SPACES)
def test_the_determinant_is_the_cores(space: tuple[int, ...]) -> None:
    displacement = random(2, len(space), *space)
    inner = (slice(None), *[slice(1, -1)] * len(space))
    expected = spatial.jacobian_determinant(displacement)
    assert torch.allclose(determinant(displacement)[:, 0][inner], expected[inner], atol=1e-14)


@pytest.mark.parametrize("boundary", ["zero", "periodic"])
@pytest.mark.parametrize("space", [(4, 3), (3, 4, 3)])
def test_the_way_back(space: tuple[int, ...], boundary: str) -> None:
    values = random(1, len(space), *space).requires_grad_()
    assert torch.autograd.gradcheck(lambda u: gradient(u, boundary), values)
    assert torch.autograd.gradcheck(lambda u: determinant(u, boundary), values)
