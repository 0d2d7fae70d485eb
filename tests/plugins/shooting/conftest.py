"""The published-size case of oracles.md, and small smooth images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_plugins.shooting.kernels import Gaussians, Kernel

Blob: TypeAlias = Callable[..., Tensor]


@dataclass(frozen=True)
class Case:
    """Two discs on a periodic 64 x 64 grid, a kernel of sigma 4, and 60 (J - I0) as momentum."""

    moving: Tensor
    fixed: Tensor
    momentum: Tensor
    kernel: Kernel


@pytest.fixture(scope="session")
def case() -> Case:
    rows, columns = spatial.identity_grid((64, 64), torch.zeros((), dtype=torch.float64))[0]
    radius = ((rows - 32) ** 2 + (columns - 30) ** 2).sqrt()
    other = ((rows - 33) ** 2 / 1.3 + 1.1 * (columns - 33) ** 2).sqrt()
    moving = (1 / (1 + torch.exp((radius - 12) / 1.5)))[None, None]
    fixed = (1 / (1 + torch.exp((other - 13) / 1.5)))[None, None]
    kernel = Gaussians((4.0,), (1.0,)).on(moving, "periodic")
    return Case(moving, fixed, 60 * (fixed - moving), kernel)


@pytest.fixture(scope="session")
def blob() -> Blob:
    """``blob(space, shift=0.0, width=0.15)``: a Gaussian off the centre, in shares of the grid; float64."""
    return _blob


def _blob(space: tuple[int, ...], shift: float = 0.0, width: float = 0.15) -> Tensor:
    grid = spatial.identity_grid(space, torch.zeros((), dtype=torch.float64))[0]
    shares = [axis / (size - 1) - 0.5 - shift for axis, size in zip(grid, space, strict=True)]
    return torch.exp(-sum(share**2 for share in shares) / (2 * width**2))[None, None]
