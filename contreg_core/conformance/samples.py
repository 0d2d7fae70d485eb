"""Small inputs with known answers: brains in an empty background, smooth displacements."""

from collections.abc import Sequence

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Pair

BOTH = (2, 3)
ODD = {2: (26, 21), 3: (13, 11, 15)}
"""Grids whose sizes are no powers of two and not alike."""


def brain(space: Sequence[int], seed: int) -> Tensor:
    """``(1, 1, *space)`` float32 in [0, 1]: textured ellipsoids, exactly 0 around them."""
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.tensor(space, dtype=torch.float32)
    grid = spatial.identity_grid(space, sizes)[0]
    image = torch.zeros(tuple(space))
    for radius, value in ((0.4, 0.5), (0.3, 0.9), (0.12, 0.2)):
        wobble = 1 + 0.2 * torch.rand(len(space), generator=generator)
        centre = (sizes - 1) / 2 + torch.rand(len(space), generator=generator) - 0.5
        offset = (grid - _column(centre)) / _column(sizes * radius * wobble)
        image = torch.where(offset.square().sum(0) < 1, value, image)
    coarse = torch.rand([1, 1, *(max(2, size // 3) for size in space)], generator=generator)
    texture = spatial.resize(coarse.expand(1, len(space), *coarse.shape[2:]), space)[:, :1]
    return (image + 0.1 * texture / texture.max()) * (image > 0)


def brains(space: Sequence[int], batch: int = 1, seed: int = 0) -> Pair:
    """Pairs of distinct persons."""
    moving, fixed = (
        torch.cat([brain(space, seed + 2 * row + side) for row in range(batch)]) for side in (0, 1)
    )
    return Pair(moving, fixed, torch.arange(2 * batch).view(batch, 2))


def smooth(space: Sequence[int], size: float, seed: int = 0, batch: int = 1) -> Tensor:
    """A displacement ``(batch, ndim, *space)`` that is 0 at the border; its longest vector has ``size`` voxels."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn([batch, len(space), *([4] * len(space))], generator=generator)
    edge = torch.zeros_like(coarse)
    inner = (slice(None), slice(None), *[slice(1, -1)] * len(space))
    edge[inner] = coarse[inner]
    wide = spatial.resize(edge, space)
    scaled: Tensor = size * wide / wide.norm(dim=1).amax()
    return scaled


def constant(space: Sequence[int], shift: Sequence[float]) -> Tensor:
    """A displacement ``(1, ndim, *space)`` that is the same everywhere."""
    return _column(torch.tensor(shift))[None].expand(1, len(shift), *space).clone()


def inner(tensor: Tensor, margin: int) -> Tensor:
    """All but ``margin`` voxels at every border."""
    whole = slice(None)
    return tensor[(whole, whole, *[slice(margin, -margin)] * (tensor.ndim - 2))]


def row(pair: Pair, number: int) -> Pair:
    """One pair of a batch."""
    own = slice(number, number + 1)
    subjects = None if pair.subjects is None else pair.subjects[own]
    return Pair(pair.moving[own], pair.fixed[own], subjects)


def _column(values: Tensor) -> Tensor:
    return values.view(-1, *([1] * len(values)))
