"""The MIND loss: blind to contrast, not to position."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from contreg_core.types import Registration
from contreg_plugins.losses.mind import MIND

Build = Callable[..., Registration]
Brain = Callable[..., Tensor]


@pytest.mark.parametrize("space", [(20, 24), (12, 14, 10)])
def test_zero_for_another_contrast_and_not_for_another_place(
    build: Build, brain: Brain, space: tuple[int, ...]
) -> None:
    image = brain(space)
    assert float(MIND()(build(fixed=1 - 2 * image, warped=image))) == pytest.approx(0, abs=1e-12)
    moved = image.roll(2, dims=2)
    values = [float(MIND()(build(fixed=fixed, warped=moved))) for fixed in (image, 1 - image)]
    assert values[0] == pytest.approx(values[1])
    assert 0.01 < values[0] < 1


def test_a_flat_image_has_no_gradient_and_no_nan(build: Build) -> None:
    warped = torch.zeros(1, 1, 8, 8, requires_grad=True)
    value = MIND()(build(fixed=torch.zeros(1, 1, 8, 8), warped=warped))
    (gradient,) = torch.autograd.grad(value, warped)
    assert float(value.detach()) == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_impossible_patches_are_refused() -> None:
    with pytest.raises(ValueError, match="dilation"):
        MIND(dilation=0)
