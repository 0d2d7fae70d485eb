"""Separable maps: against convolution, and what a constant and a ramp become."""

import pytest
import torch
import torch.nn.functional as F

from contreg_plugins.layers.axiswise import along_axes, box, gaussian, hats, smooth


@pytest.mark.parametrize("space", [(7, 9), (5, 6, 7)])
def test_every_axis_gets_its_own_matrix(space: tuple[int, ...]) -> None:
    values = torch.rand(2, 3, *space)
    matrices = [torch.rand(k + 2, size) for k, size in enumerate(space)]
    letters = "ijk"[: len(space)]
    terms = ",".join(f"{letter.upper()}{letter}" for letter in letters)
    expected = torch.einsum(f"bc{letters},{terms}->bc{letters.upper()}", values, *matrices)
    assert torch.allclose(along_axes(values, matrices), expected, atol=1e-5)


def test_a_gaussian_away_from_the_border_is_the_convolution() -> None:
    line = torch.rand(1, 1, 41)
    taps = torch.exp(-torch.arange(-6.0, 7).square() / (2 * 1.5**2))
    expected = F.conv1d(line, (taps / taps.sum()).view(1, 1, -1), padding=6)[..., 6:-6]
    found = line @ gaussian(41, 41, 1.5).T
    assert torch.allclose(found[..., 6:-6], expected, atol=1e-6)


@pytest.mark.parametrize("sigma", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("space", [None, (8, 5)])
def test_a_constant_stays_itself(sigma: float, space: tuple[int, int] | None) -> None:
    found = smooth(torch.full((1, 2, 15, 9), 4.0), sigma, space)
    assert found.shape[2:] == (space or (15, 9))
    assert torch.allclose(found, torch.full_like(found, 4.0))


def test_boxes_repeat() -> None:
    impulse = torch.zeros(9)
    impulse[4] = 1
    assert torch.allclose(box(9, 2) @ impulse, torch.tensor([0, 0, 1, 2, 3, 2, 1, 0, 0]) / 9)
    assert torch.equal(box(9, 0), torch.eye(9))


@pytest.mark.parametrize(("size", "spacing"), [(9, 2), (10, 2), (10, 3), (5, 1), (2, 4)])
def test_hats_read_a_ramp_exactly(size: int, spacing: int) -> None:
    matrix = hats(size, spacing)
    controls = spacing * torch.arange(matrix.shape[1], dtype=torch.float32)
    assert torch.allclose(matrix @ controls, torch.arange(size, dtype=torch.float32), atol=1e-5)
