"""Dense contrast: oracles.md."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.types import Embeddings, Registration
from contreg_plugins.losses.local_contrast import LocalContrast

Build = Callable[..., Registration]


def dense(build: Build, moving: Tensor, fixed: Tensor, **others: Tensor) -> Registration:
    empty = torch.zeros(len(moving), 1)
    image = torch.ones(len(moving), 1, *moving.shape[2:])
    return build(fixed=image, embeddings=Embeddings(empty, empty, moving, fixed), **others)


@pytest.mark.parametrize("space", [(4, 4), (4, 2, 2)])
def test_distinct_one_hot_features_under_the_identity(build: Build, space: tuple[int, ...]) -> None:
    features = torch.eye(16, dtype=torch.float64).reshape(1, 16, *space)
    found = LocalContrast(temperature=0.1, radius=0)(dense(build, features, features))
    assert found.item() == pytest.approx(math.log(1 + 15 * math.exp(-10)), rel=1e-3)
    assert found.item() == pytest.approx(6.8077e-4, rel=1e-3)


def test_two_points_are_the_symmetric_infonce_of_the_two_images(build: Build) -> None:
    """oracles.md: each row and each column of the 2 x 2 similarities is a choice of one of two."""
    fixed = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64).reshape(1, 2, 2, 1)
    moving = torch.tensor([[0.6, 0.8], [0.8, -0.6]], dtype=torch.float64).reshape(1, 2, 2, 1)
    found = LocalContrast(temperature=0.5, radius=0)(dense(build, moving, fixed))
    assert found.item() == pytest.approx(1.8860240393, rel=1e-6)


def test_positives_lie_where_the_displacement_points(build: Build) -> None:
    fixed = F.normalize(torch.randn(1, 128, 8, 8), dim=1)
    moving = fixed.roll(1, dims=2)
    displacement = torch.zeros(1, 2, 8, 8)
    displacement[:, 0] = 1
    mask = torch.ones(1, 1, 8, 8, dtype=torch.bool)
    mask[:, :, -1] = False  # there the shift leaves the image
    loss = LocalContrast(radius=0)
    right = loss(dense(build, moving, fixed, displacement=displacement, mask=mask))
    wrong = loss(dense(build, moving, fixed, displacement=-displacement, mask=mask))
    assert right < 0.01 < wrong
    still = dense(build, moving, fixed, displacement=torch.zeros_like(displacement), mask=mask)
    away = dense(build, moving, fixed, displacement=displacement, mask=mask)
    points = LocalContrast(radius=0, points=64)
    apart = LocalContrast(radius=0, points=64, aligned=False)
    torch.testing.assert_close(apart(away), points(still))


def test_near_points_are_no_negatives(build: Build) -> None:
    features = F.normalize(torch.randn(1, 8, 6, 6), dim=1)
    assert LocalContrast(radius=100)(dense(build, features, features)).item() == pytest.approx(0, abs=1e-6)


def test_the_displacement_gets_no_gradient(build: Build) -> None:
    features = F.normalize(torch.randn(1, 8, 6, 6), dim=1).requires_grad_()
    displacement = torch.rand(1, 2, 6, 6, requires_grad=True)
    LocalContrast()(dense(build, features, features, displacement=displacement)).backward()
    assert displacement.grad is None
    assert features.grad is not None


def test_an_empty_mask_is_zero_and_differentiable(build: Build) -> None:
    features = torch.randn(1, 8, 6, 6, requires_grad=True)
    mask = torch.zeros(1, 1, 6, 6, dtype=torch.bool)
    found = LocalContrast()(dense(build, features, features, mask=mask))
    found.backward()
    assert found.item() == 0
