"""Augmentation: one geometry for both images, a function of its generator, nothing where nothing is asked."""

import numpy as np
import pytest
import torch
from torch import Tensor

from contreg_core.scheme import Augmentation
from contreg_core.training.augmentation import augment, augment_labelled

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


EVERY_GEOMETRY = Augmentation(flip_axis=0, rotate_degrees=10, rotate_about="all", scale=0.1)


def labelled(space: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """An image whose values tell its class numbers, and the numbers with two of them exchanged."""
    classes = torch.randint(0, 4, (1, 1, *space), generator=torch.Generator().manual_seed(1)).to(torch.int16)
    exchange = torch.tensor([0, 2, 1, 3], dtype=torch.int16)
    return classes.float(), classes, exchange[classes.long()]


@pytest.mark.parametrize("space", SPACES)
def test_an_image_and_its_labels_get_one_flip_that_exchanges_the_sides(space: tuple[int, ...]) -> None:
    image, classes, mirrored = labelled(space)
    certain = Augmentation(flip_axis=0, flip_probability=1.0)
    changed, numbers = augment_labelled(image, classes, mirrored, certain, np.random.default_rng(0))
    assert torch.equal(changed, image.flip(2))
    assert torch.equal(numbers, mirrored.long().flip(2))
    front = Augmentation(flip_axis=1, flip_probability=1.0)
    _, numbers = augment_labelled(image, classes, mirrored, front, np.random.default_rng(0))
    assert torch.equal(numbers, classes.long().flip(3))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("space", [(15, 13), (15, 13, 14)])
def test_labels_move_with_their_image(space: tuple[int, ...], seed: int) -> None:
    """Half a grid of one class: where the image is clearly inside or outside it, so are the numbers."""
    classes = torch.zeros((1, 1, *space), dtype=torch.int16)
    classes[:, :, 4:11] = 1
    changed, numbers = augment_labelled(
        classes.float(), classes, classes, EVERY_GEOMETRY, np.random.default_rng(seed)
    )
    assert not torch.equal(numbers, classes.long())
    assert (numbers[changed > 0.9] == 1).all()
    assert (numbers[changed < 0.1] == 0).all()


def test_a_larger_image_reads_nearer_to_its_centre() -> None:
    ramp = (torch.arange(11.0) - 5).expand(1, 1, 9, 11)

    class Larger(Angle):
        def uniform(self, low: float, high: float) -> float:
            return high

    larger, _ = augment_labelled(ramp, ramp, ramp, Augmentation(scale=0.25), Larger(0, 0))  # type: ignore[arg-type]
    assert torch.allclose(larger[0, 0, 4], ramp[0, 0, 4] / 1.25, atol=1e-5)


def test_noise_leaves_the_background_alone() -> None:
    image = images((9, 7, 8))[1] * images((9, 7, 8))[2]
    noisy, _ = augment_labelled(image, image, image, Augmentation(noise=0.1), np.random.default_rng(0))
    assert (noisy[image == 0] == 0).all()
    assert float((noisy - image)[image != 0].std()) == pytest.approx(0.1, rel=0.2)
