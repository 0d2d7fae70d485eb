"""Convolutions of the smallest volumes under bfloat16."""

import itertools
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from contreg_core.bfloat16 import bfloat16

SIZES = [(1, 1, 1), (2, 2, 2), (1, 3, 3), (2, 8, 8), (3, 1, 3), (7, 7, 1), (3, 3, 3), (5, 4, 6)]

POISONED = """
import itertools, torch
from contreg_core.bfloat16 import bfloat16
from tests.core.test_bfloat16 import SIZES, gradients
for size, stride in itertools.product(SIZES, (1, 2)):
    for channels, out in ((1, 4), (16, 48), (35, 3)):
        plain, cast = gradients(size, stride, channels, out)
        for one, other in zip(plain, cast, strict=True):
            torch.testing.assert_close(other.float(), one, rtol=0.1, atol=0.1 * float(one.abs().max()))
print("right")
"""


def gradients(size: tuple[int, ...], stride: int, channels: int, out: int) -> list[list[torch.Tensor]]:
    """(output, gradients of image and weight) in float32 and under ``bfloat16``."""
    torch.manual_seed(0)
    layer = nn.Conv3d(channels, out, 3, padding=1, stride=stride)
    layer.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    image, found = torch.randn(2, channels, *size), []
    for mixed in (False, True):
        one = image.clone().requires_grad_()
        if mixed:
            with bfloat16("cpu"):
                values = layer(one)
        else:
            values = layer(one)
        weights = torch.linspace(0.5, 1.5, values.numel()).view_as(values)
        slopes = torch.autograd.grad((values.float() * weights).sum(), (one, layer.weight))
        found.append([values.detach(), *slopes])
    return found


def test_none_reads_memory_that_is_not_its_own() -> None:
    """In a process whose fresh memory holds huge numbers, they are those of float32."""
    environment = {**os.environ, "MALLOC_PERTURB_": "128"}
    done = subprocess.run([sys.executable, "-c", POISONED], capture_output=True, text=True, env=environment)
    assert done.stdout == "right\n", done.stderr


@pytest.mark.parametrize("size", [(2, 5, 5), (6, 5, 4)])
@pytest.mark.parametrize("make", [nn.Conv3d, nn.ConvTranspose3d])
def test_answers_are_bfloat16_and_small_ones_made_in_float32(
    make: type[nn.Module], size: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    layer, image = make(4, 6, 2), torch.randn(1, 4, *size)
    with bfloat16("cpu"):
        values, again = layer(image), layer(image.bfloat16())
        assert values.dtype == again.dtype == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
        alone = layer(image[0])
    exact = layer(image)
    assert torch.equal(values, exact.bfloat16()) == (min(size) < 3)
    assert torch.equal(alone, values[0])
    torch.testing.assert_close(values.float(), exact, rtol=0.05, atol=0.05)


def test_the_laws_of_convolutions_by_name_and_in_the_plane() -> None:
    torch.manual_seed(0)
    weight = torch.randn(3, 2, 3, 3)
    for size in itertools.product((1, 4), repeat=2):
        image = torch.randn(1, 2, *size)
        with bfloat16("cpu"):
            values = torch.nn.functional.conv2d(input=image, weight=weight, padding=1)
        exact = torch.nn.functional.conv2d(image, weight, padding=1)
        torch.testing.assert_close(values.float(), exact, rtol=0.1, atol=0.1)


def test_outside_of_it_nothing_is_cast() -> None:
    layer, image = nn.Conv3d(1, 1, 3), torch.randn(1, 1, 3, 3, 3)
    with bfloat16("cpu"):
        pass
    assert layer(image).dtype == torch.float32
