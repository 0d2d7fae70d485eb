"""Correlation at several resolutions: a weighted sum of single ones, fewer of them for coarse fields."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from contreg_core.types import Field, Registration
from contreg_plugins.layers.halving import halved
from contreg_plugins.losses.lncc import LNCC
from contreg_plugins.losses.multiscale_lncc import MultiscaleLNCC


@pytest.fixture
def registration(build: Callable[..., Registration]) -> Registration:
    warped, fixed = torch.rand(2, 2, 1, 24, 20, dtype=torch.float64).unbind()
    return build(warped=warped, fixed=fixed)


def single(window: int, images: tuple[Tensor, Tensor]) -> Tensor:
    return LNCC(window=window).dissimilarity(*images)


def pyramid(registration: Registration) -> list[tuple[Tensor, Tensor]]:
    full = registration.warped, registration.pair.fixed
    half = halved(full[0]), halved(full[1])
    return [full, half, (halved(half[0]), halved(half[1]))]


def at_scale(registration: Registration, scale: int) -> Registration:
    return replace(registration, field=Field(registration.field.mean, scale=scale))


def test_it_is_the_weighted_sum(registration: Registration) -> None:
    full, half, quarter = pyramid(registration)
    expected = single(7, full) + single(5, half) / 2 + single(3, quarter) / 4
    assert torch.isclose(MultiscaleLNCC()(registration), expected)
    coarse = at_scale(registration, 4)
    assert torch.equal(MultiscaleLNCC()(coarse), MultiscaleLNCC()(registration))


def test_a_coarse_field_is_judged_at_its_own_resolution(registration: Registration) -> None:
    full, half, quarter = pyramid(registration)
    loss = MultiscaleLNCC(start="field")
    expected = {
        1: single(7, full) + single(5, half) / 2 + single(3, quarter) / 4,
        2: single(5, half) + single(3, quarter) / 2,
        4: single(3, quarter),
        8: single(3, quarter),
    }
    for scale, value in expected.items():
        assert torch.isclose(loss(at_scale(registration, scale)), value), scale


def test_an_image_against_itself_brighter_costs_nothing(build: Callable[..., Registration]) -> None:
    image = torch.rand(1, 1, 16, 16, dtype=torch.float64)
    assert MultiscaleLNCC(eps=1e-12)(build(warped=image, fixed=3 * image + 1)) == pytest.approx(0, abs=1e-6)


def test_no_window_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        MultiscaleLNCC(windows=())
