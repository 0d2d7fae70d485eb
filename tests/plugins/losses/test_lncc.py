"""LNCC: oracles.md, and a slow obvious reference."""

from collections.abc import Callable
from itertools import product
from typing import Literal

import pytest
import torch
from torch import Tensor

from contreg_core.types import Registration
from contreg_plugins.losses.lncc import LNCC

Build = Callable[..., Registration]
Brain = Callable[..., Tensor]
Border = Literal["count", "zeros"]


def correlation(build: Build, loss: LNCC, warped: Tensor, fixed: Tensor) -> float:
    return 1 - loss(build(fixed=fixed, warped=warped)).item()


def uniform(*space: int) -> Tensor:
    return torch.rand(1, 1, *space, dtype=torch.float64)


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (2, 3), (-0.5, 0.1)])
@pytest.mark.parametrize("space", [(24, 20), (24, 24, 24)])
def test_one_under_an_affine_change_of_intensity(
    build: Build, space: tuple[int, ...], scale: float, shift: float
) -> None:
    image = uniform(*space)
    assert correlation(build, LNCC(eps=1e-12), image, scale * image + shift) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("border", ["count", "zeros"])
def test_one_of_an_image_with_itself(build: Build, border: Border) -> None:
    image = uniform(24, 24, 24)
    assert correlation(build, LNCC(eps=1e-12, border=border), image, image) == pytest.approx(1, abs=1e-6)


def test_signed_correlation_tells_inverted_contrast(build: Build) -> None:
    image, loss = uniform(24, 24, 24), LNCC(eps=1e-12, signed=True)
    assert correlation(build, loss, image, 2 * image + 3) == pytest.approx(1, abs=1e-6)
    assert correlation(build, loss, image, 3 - 2 * image) == pytest.approx(-1, abs=1e-6)
    assert correlation(build, LNCC(eps=1e-12), image, 3 - 2 * image) == pytest.approx(1, abs=1e-6)
    assert loss.coarsened(2).signed


def test_constant_images_give_zero(build: Build) -> None:
    ones = torch.ones(1, 1, 12, 12, 12, dtype=torch.float64)
    assert correlation(build, LNCC(), ones, 2 * ones) == pytest.approx(0, abs=1e-9)


def test_the_zero_padded_form_lacks_the_law(build: Build) -> None:
    image = uniform(24, 24, 24)
    ones = torch.ones_like(image)
    loss = LNCC(border="zeros", eps=1e-12)
    assert correlation(build, loss, image, 2 * image + 3) == pytest.approx(0.81, abs=0.01)
    assert correlation(build, loss, ones, 2 * ones) == pytest.approx(0.70, abs=0.01)


def test_independent_noise_is_uncorrelated(build: Build) -> None:
    assert correlation(build, LNCC(), uniform(24, 24, 24), uniform(24, 24, 24)) < 0.01


def slow(
    warped: Tensor, fixed: Tensor, window: int, eps: float, border: Border, signed: bool = False
) -> float:
    """Window by window, from the definition."""
    space, half = warped.shape[2:], window // 2
    total = 0.0
    for centre in product(*(range(size) for size in space)):
        box = tuple(slice(max(0, c - half), c + half + 1) for c in centre)
        a, b = warped[0, 0][box].flatten(), fixed[0, 0][box].flatten()
        count = a.numel() if border == "count" else window ** len(space)
        mean_a, mean_b = a.sum() / count, b.sum() / count
        cov = (a * b).sum() / count - mean_a * mean_b
        var_a, var_b = (a * a).sum() / count - mean_a**2, (b * b).sum() / count - mean_b**2
        variances = var_a.clamp(min=0) * var_b.clamp(min=0) + eps
        total += float(cov / variances.sqrt() if signed else cov**2 / variances)
    return total / warped.numel()


@pytest.mark.parametrize("border", ["count", "zeros"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("space", "window"), [((9, 7), 3), ((5, 11), 9), ((6, 5, 7), 3), ((4, 6, 5), 7)])
def test_equals_the_window_by_window_reference(
    build: Build, brain: Brain, space: tuple[int, ...], window: int, border: Border, signed: bool
) -> None:
    warped, fixed = brain(space, 0), brain(space, 1)
    found = correlation(build, LNCC(window=window, eps=1e-5, border=border, signed=signed), warped, fixed)
    assert found == pytest.approx(slow(warped, fixed, window, 1e-5, border, signed), abs=1e-10)


def test_both_directions_weigh_the_same(build: Build) -> None:
    fixed, moving, warped, back = (uniform(9, 9) for _ in range(4))
    parts = {"fixed": fixed, "moving": moving, "warped": warped, "warped_back": back}
    forward = correlation(build, LNCC(window=3), warped, fixed)
    backward = correlation(build, LNCC(window=3), back, moving)
    both = LNCC(window=3, bidirectional=True)
    assert 1 - both(build(**parts)).item() == pytest.approx((forward + backward) / 2)
    assert "inverse" in both.needed()


@pytest.mark.parametrize(
    ("window", "edge", "coarse"), [(9, 1, 9), (9, 2, 5), (9, 4, 3), (9, 16, 3), (5, 2, 3)]
)
def test_on_coarse_images_the_window_keeps_its_length(window: int, edge: int, coarse: int) -> None:
    found = LNCC(window=window, eps=1e-8, border="zeros", bidirectional=True).coarsened(edge)
    assert (found.window, found.eps, found.border) == (coarse, 1e-8, "zeros")
    assert found.bidirectional
