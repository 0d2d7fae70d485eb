"""Small brains with an exactly empty background, and registrations built by hand."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.types import Embeddings, Encoding, Field, Pair, Registration

Brain: TypeAlias = Callable[..., Tensor]
Build: TypeAlias = Callable[..., Registration]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def brain() -> Brain:
    """``brain(space, seed=0, texture=0.1)``: float64 ``(1, 1, *space)``, ellipsoids in an empty background."""
    return _brain


@pytest.fixture(scope="session")
def build() -> Build:
    """``build(...)``: a registration from the parts a loss reads; the others are empty."""
    return _build


def _brain(space: tuple[int, ...], seed: int = 0, texture: float = 0.1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    centre = torch.tensor([(size - 1) / 2 for size in space], dtype=torch.float64)
    grid = spatial.identity_grid(space, centre)[0]
    image = torch.zeros(space, dtype=torch.float64)
    for radius, value in ((0.36, 0.6), (0.28, 0.95), (0.1, 0.2)):
        wobble = 1 + 0.15 * torch.rand(len(space), generator=generator, dtype=torch.float64)
        shift = torch.rand(len(space), generator=generator, dtype=torch.float64) - 0.5
        axes = torch.tensor(space, dtype=torch.float64) * radius * wobble
        offset = (grid - _column(centre + shift)) / _column(axes)
        image = torch.where(offset.square().sum(0) < 1, value, image)
    noise = texture * torch.rand(space, generator=generator, dtype=torch.float64)
    return ((image + noise) * (image > 0))[None, None]


def _column(values: Tensor) -> Tensor:
    return values.view(-1, *([1] * len(values)))


def _build(
    *,
    moving: Tensor | None = None,
    fixed: Tensor | None = None,
    warped: Tensor | None = None,
    mean: Tensor | None = None,
    log_variance: Tensor | None = None,
    displacement: Tensor | None = None,
    embeddings: Embeddings | None = None,
    **others: Any,
) -> Registration:
    fixed = torch.zeros(1, 1, 4, 4) if fixed is None else fixed
    moving = fixed if moving is None else moving
    zero = fixed.new_zeros((len(fixed), fixed.ndim - 2, *fixed.shape[2:]))
    mean = zero if mean is None else mean
    pair = Pair(moving, fixed, others.pop("subjects", None), others.pop("mask", None))
    return Registration(
        pair,
        Encoding((), embeddings),
        Field(mean, log_variance),
        mean,
        zero if displacement is None else displacement,
        moving if warped is None else warped,
        **others,
    )
