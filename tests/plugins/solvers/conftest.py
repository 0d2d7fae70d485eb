"""Images of blobs all over, and smooth displacements that are known."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
import torch
from torch import Tensor

from contreg_plugins.layers.axiswise import smooth

Blobs: TypeAlias = Callable[..., Tensor]
Wave: TypeAlias = Callable[..., Tensor]


@pytest.fixture(scope="session")
def blobs() -> Blobs:
    """``blobs(space, seed=0)``: ``(1, 1, *space)`` in [0, 1], structure everywhere."""
    return _blobs


@pytest.fixture(scope="session")
def wave() -> Wave:
    """``wave(space, voxels)``: a smooth displacement of at most ``voxels`` an axis, 0 at the border."""
    return _wave


def _blobs(space: tuple[int, ...], seed: int = 0, sigma: float = 1.5) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    image = smooth(torch.rand(1, 1, *space, generator=generator), sigma)
    return (image - image.min()) / (image.max() - image.min())


def _wave(space: tuple[int, ...], voxels: float) -> Tensor:
    sides = [torch.sin(torch.linspace(0, torch.pi, size)) for size in space]
    hill = sides[0]
    for side in sides[1:]:
        hill = hill[..., None] * side
    signs = torch.tensor([1.0, -0.8, 0.6])[: len(space)]
    return voxels * hill[None, None] * signs.view(1, -1, *[1] * len(space))
