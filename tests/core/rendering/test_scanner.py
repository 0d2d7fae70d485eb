"""Contrast, artefacts, masks: what each may change and what it may not."""

import numpy as np
import pytest
import torch
from torch import Tensor

from contreg_core.rendering import scanner
from contreg_core.rendering.knobs import Rendering
from contreg_core.rendering.maps import Regions

SPACES = [(26, 22), (26, 22, 24)]
REGIONS = Regions(
    np.array([0, 2, 41, 3]),
    ("white", "cortex"),
    np.array([0, 0, 0, 1]),
    np.array([0, 0.8, 0.8, 0.5], np.float32),
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ball(space: tuple[int, ...], radius: float) -> Tensor:
    axes = [torch.linspace(-1, 1, size) for size in space]
    distance = sum(one.square() for one in torch.meshgrid(*axes, indexing="ij")).sqrt()  # type: ignore[union-attr]
    return (distance < radius).float()[None, None]


@pytest.mark.parametrize("seed", range(4))
def test_background_is_0_in_every_contrast_and_tissue_is_not(seed: int) -> None:
    for table in (scanner.alike(REGIONS, Rendering(), rng(seed)), scanner.mixed(REGIONS, rng(seed))):
        assert table[0] == 0
        assert (table[1:] > 0).all()


def test_the_cohorts_contrast_keeps_its_order_and_any_other_need_not() -> None:
    alike = [scanner.alike(REGIONS, Rendering(), rng(seed)) for seed in range(30)]
    assert sum(bool(table[1] > table[3]) for table in alike) >= 28
    mixed = [scanner.mixed(REGIONS, rng(seed)) for seed in range(30)]
    assert 5 < sum(bool(table[1] > table[3]) for table in mixed) < 25
    # Both sides of a region are one tissue.
    assert max(abs(float(table[1] - table[2])) for table in mixed) < 0.4


@pytest.mark.parametrize("space", SPACES)
def test_a_scan_lies_in_0_to_1_and_is_0_outside_its_mask(space: tuple[int, ...]) -> None:
    anatomy, inside = ball(space, 0.7) + ball(space, 0.4), ball(space, 0.7) > 0
    for seed in range(5):
        seen = scanner.scanned(anatomy, inside, Rendering(slices=0.5), rng(seed))
        again = scanner.scanned(anatomy, inside, Rendering(slices=0.5), rng(seed))
        assert torch.equal(seen, again)
        assert not seen[~inside].any()
        assert seen.min() == 0
        assert seen.max() == 1


@pytest.mark.parametrize("space", SPACES)
def test_without_artefacts_only_texture_and_range_change(space: tuple[int, ...]) -> None:
    knobs = Rendering(noise=0, bias=0, blur=0, slices=0)
    anatomy, inside = ball(space, 0.7) + ball(space, 0.4), ball(space, 0.7) > 0
    seen = scanner.scanned(anatomy, inside, knobs, rng())
    assert torch.corrcoef(torch.stack((seen[inside], anatomy[inside])))[0, 1] > 0.95


@pytest.mark.parametrize("space", SPACES)
def test_blur_and_thick_slices_keep_what_is_constant_and_the_mean(space: tuple[int, ...]) -> None:
    flat = torch.full((1, 1, *space), 0.7)
    torch.testing.assert_close(scanner.blurred(flat, 1.0), flat)
    image = ball(space, 0.6)
    assert scanner.blurred(image, 1.0).sum().item() == pytest.approx(float(image.sum()), rel=1e-3)
    for axis in range(2, image.ndim):
        torch.testing.assert_close(scanner.thick(flat, axis, 3), flat)
        sliced = scanner.thick(image, axis, 2)
        assert sliced.shape == image.shape
        assert sliced.sum().item() == pytest.approx(float(image.sum()), rel=0.02)
        assert not torch.equal(sliced, image)


def test_an_image_empty_inside_its_mask_is_empty() -> None:
    nothing = torch.zeros(1, 1, 6, 6)
    assert not scanner.standardised(nothing, nothing > 0).any()


@pytest.mark.parametrize("space", SPACES)
def test_masks_hold_the_inner_tissue_and_stay_in_the_head(space: tuple[int, ...]) -> None:
    tight, full = ball(space, 0.6), ball(space, 0.9)
    found = [scanner.masked(tight, full, rng(seed)) for seed in range(40)]
    for mask in found:
        assert mask.dtype == torch.bool
        assert mask[ball(space, 0.35) > 0].all()
        assert not mask[full == 0].any()
    assert any(bool((mask == (tight > 0)).all()) for mask in found)  # without outer fluid
    assert any(bool((mask == (full > 0)).all()) for mask in found)  # with all of it
