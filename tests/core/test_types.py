"""A field's draws: on the mean's grid, by a deviation that may have been told on a coarser one."""

from dataclasses import replace

import pytest
import torch

from contreg_core import spatial
from contreg_core.types import Field, Sampling

samplings: tuple[Sampling, ...] = ("gaussian", "legacy")


def field(ndim: int, sampling: Sampling = "gaussian") -> Field:
    torch.manual_seed(ndim)
    mean, log_variance = torch.randn(2, 2, ndim, *(4, 6, 5)[:ndim])
    return Field(mean, log_variance - 3, "velocity", 2, sampling)


def refined(coarse: Field) -> Field:
    """The same for every voxel, the variance where it was."""
    space = [2 * size for size in coarse.mean.shape[2:]]
    return replace(coarse, mean=spatial.resize(coarse.mean, space), scale=1)


@pytest.mark.parametrize("sampling", samplings)
@pytest.mark.parametrize("ndim", [2, 3])
def test_a_draw_is_that_of_the_coarser_grid_laid_on_the_finer(ndim: int, sampling: Sampling) -> None:
    """Drawn, then brought to the finer grid, or the other way about: the same velocities."""
    coarse = field(ndim, sampling)
    fine = refined(coarse)
    for take in (Field.draw, Field.expected):
        torch.manual_seed(5)
        expected = spatial.resize(take(coarse), fine.mean.shape[2:])
        torch.manual_seed(5)
        torch.testing.assert_close(take(fine), expected)


def test_the_deviation_knows_its_voxels() -> None:
    coarse = field(3)
    assert (coarse.deviation_scale, refined(coarse).deviation_scale) == (2, 2)
