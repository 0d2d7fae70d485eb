"""Augmentation: one geometry for both images, a function of its generator, nothing where nothing is asked."""

import numpy as np
import pytest
import torch
from torch import Tensor

from contreg_core.scheme import Augmentation
from contreg_core.training.augmentation import augment

SPACES = [(9, 7), (9, 7, 8)]
EVERYTHING = Augmentation(flip_axis=0, rotate_degrees=10, crop=(6, 6, 6), gamma=0.3, bias_field=0.2)


def images(space: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    moving, fixed = (torch.rand((1, 1, *space), generator=generator) for _ in range(2))
    return moving, fixed, fixed > 0.3


def changed(
    scheme: Augmentation, seed: int = 0, space: tuple[int, ...] = (9, 7, 8)
) -> tuple[Tensor, Tensor, Tensor]:
    return augment(*images(space), scheme, np.random.default_rng(seed))


@pytest.mark.parametrize("space", SPACES)
def test_nothing_asked_nothing_changed(space: tuple[int, ...]) -> None:
    for before, after in zip(images(space), changed(Augmentation(), space=space), strict=True):
        assert torch.equal(before, after)


def test_it_is_a_function_of_the_generator() -> None:
    for first, second in zip(changed(EVERYTHING, 3), changed(EVERYTHING, 3), strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(changed(EVERYTHING, 3)[0], changed(EVERYTHING, 4)[0])


def test_the_inputs_are_left_alone() -> None:
    given = images((9, 7, 8))
    before = [image.clone() for image in given]
    augment(*given, EVERYTHING, np.random.default_rng(1))
    assert all(torch.equal(a, b) for a, b in zip(before, given, strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_both_images_get_one_geometry_and_the_mask_stays_boolean(seed: int) -> None:
    geometry = Augmentation(flip_axis=1, rotate_degrees=10, crop=(6, 6, 6))
    moving, _, mask = images((9, 7, 8))
    first, second, inside = augment(moving, moving.clone(), mask, geometry, np.random.default_rng(seed))
    assert torch.equal(first, second)
    assert inside.dtype == torch.bool
    assert first.shape == second.shape == inside.shape == (1, 1, 6, 6, 6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_certain_flip(axis: int) -> None:
    for before, after in zip(
        images((9, 7, 8)), changed(Augmentation(flip_axis=axis, flip_probability=1.0)), strict=True
    ):
        assert torch.equal(after, before.flip(2 + axis))


def test_a_flip_half_of_the_time() -> None:
    scheme, moving = Augmentation(flip_axis=0), images((9, 7, 8))[0]
    flips = sum(not torch.equal(changed(scheme, seed)[0], moving) for seed in range(60))
    assert 15 < flips < 45


class Angle:
    """A generator whose draws are known."""

    def __init__(self, degrees: float, step: int) -> None:
        self.degrees, self.step = degrees, step

    def uniform(self, low: float, high: float) -> float:
        assert low == -high
        return self.degrees

    def integers(self, low: int, high: int) -> int:
        assert (low, high) == (-2, 3)
        return self.step


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("steps", ["uniform", "half"])
def test_rotation_by_zero_is_the_identity(space: tuple[int, ...], steps: str) -> None:
    scheme = Augmentation(rotate_degrees=10, rotate_steps=steps)  # type: ignore[arg-type]
    for before, after in zip(images(space), augment(*images(space), scheme, Angle(0, 0)), strict=True):  # type: ignore[arg-type]
        assert torch.equal(before, after)


def test_rotation_by_a_right_angle_turns_axes_0_and_2_and_keeps_axis_1() -> None:
    moving, fixed, mask = images((7, 5, 7))
    turned, _, inside = augment(moving, fixed, mask, Augmentation(rotate_degrees=90), Angle(90, 0))  # type: ignore[arg-type]
    torch.testing.assert_close(turned, moving.rot90(-1, (2, 4)), atol=1e-5, rtol=0)
    assert torch.equal(inside, mask.rot90(-1, (2, 4)))


def test_the_half_steps_are_minus_d_to_d() -> None:
    whole = Augmentation(rotate_degrees=10, rotate_steps="half")
    uniform = Augmentation(rotate_degrees=10)
    for step, degrees in zip(range(-2, 3), (-10, -5, 0, 5, 10), strict=True):
        by_step = augment(*images((9, 7, 8)), whole, Angle(0, step))[0]  # type: ignore[arg-type]
        by_angle = augment(*images((9, 7, 8)), uniform, Angle(degrees, 0))[0]  # type: ignore[arg-type]
        assert torch.equal(by_step, by_angle)


def test_a_crop_lies_anywhere_inside_and_nowhere_else() -> None:
    moving, scheme = images((9, 7, 8))[0], Augmentation(crop=(8, 7, 10))
    rows = set()
    for seed in range(30):
        cut = changed(scheme, seed)[0]
        assert cut.shape == (1, 1, 8, 7, 8)
        rows.add(next(start for start in (0, 1) if torch.equal(cut, moving[:, :, start : start + 8])))
    assert rows == {0, 1}


def test_intensities_change_for_each_image_alone_and_background_stays_empty() -> None:
    for scheme in (Augmentation(gamma=0.3), Augmentation(bias_field=0.3)):
        moving = images((9, 7, 8))[0]
        moving[..., :2] = 0
        first, second, _ = augment(moving, moving, moving > 0, scheme, np.random.default_rng(0))
        assert not torch.equal(first, second)
        assert not torch.equal(first, moving)
        assert (first[..., :2] == 0).all()
        assert (first[..., 2:] > 0).all()
