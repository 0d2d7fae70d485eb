"""Warps, composition and integration: the numbers of oracles.md."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import spatial

SPACES = [(9, 12), (7, 9, 8)]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def constant(space: tuple[int, ...], vector: tuple[float, ...]) -> Tensor:
    values = torch.tensor(vector, dtype=torch.float64).view(1, -1, *([1] * len(space)))
    return values.expand(1, -1, *space).contiguous()


def linear(space: tuple[int, ...], matrix: Tensor) -> Tensor:
    """``u(p) = A p`` with the centre of the grid as origin."""
    return torch.einsum("ij,bj...->bi...", matrix, centred(space))


def centred(space: tuple[int, ...]) -> Tensor:
    grid = spatial.identity_grid(space, torch.zeros((), dtype=torch.float64))
    middle = torch.tensor([(size - 1) / 2 for size in space], dtype=torch.float64)
    return grid - middle.view(1, -1, *([1] * len(space)))


def inner(tensor: Tensor, margin: int) -> Tensor:
    for axis in range(2, tensor.ndim):
        tensor = tensor.narrow(axis, margin, tensor.shape[axis] - 2 * margin)
    return tensor


def smooth_velocity(space: tuple[int, ...], largest: float, sigma: float = 6.0, seed: int = 0) -> Tensor:
    """Gaussian-smoothed noise under a Hann window, at most ``largest`` voxels long (oracles.md)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn((1, len(space), *space), generator=generator, dtype=torch.float64)
    reach = torch.arange(-24, 25, dtype=torch.float64)
    kernel = torch.exp(-(reach**2) / (2 * sigma**2))
    for axis, size in enumerate(space, start=2):
        line = F.conv1d(
            noise.movedim(axis, -1).reshape(-1, 1, size), (kernel / kernel.sum())[None, None], padding=24
        )
        noise = line.reshape(noise.movedim(axis, -1).shape).movedim(-1, axis)
        window = torch.hann_window(size, periodic=False, dtype=torch.float64)
        noise = noise * window.view(*([1] * axis), -1, *([1] * (noise.ndim - axis - 1)))
    return noise * (largest / noise.square().sum(1).sqrt().max())


def length(displacement: Tensor) -> float:
    return float(displacement.square().sum(1).sqrt().max())


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("padding", ["border", "zeros"])
def test_zero_displacement_is_the_identity(space: tuple[int, ...], padding: spatial.Padding) -> None:
    image = random(2, 3, *space)
    zero = torch.zeros(2, len(space), *space)
    torch.testing.assert_close(
        spatial.warp(image.float(), zero, padding=padding), image.float(), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("space", SPACES)
def test_integer_shift_is_a_roll_and_plus_one_moves_content_to_lower_indices(space: tuple[int, ...]) -> None:
    image = random(1, 1, *space)
    for axis in range(len(space)):
        vector = tuple(1.0 if k == axis else 0.0 for k in range(len(space)))
        warped = spatial.warp(image, constant(space, vector))
        torch.testing.assert_close(inner(warped, 1), inner(image.roll(-1, axis + 2), 1))


@pytest.mark.parametrize("space", SPACES)
def test_a_channel_acts_on_its_own_axis(space: tuple[int, ...]) -> None:
    """An image that varies along one axis only changes under that axis's channel and no other."""
    grid = spatial.identity_grid(space, torch.zeros((), dtype=torch.float64))
    for axis, channel in itertools.product(range(len(space)), repeat=2):
        image = grid[:, axis : axis + 1] ** 2
        vector = tuple(0.5 if k == channel else 0.0 for k in range(len(space)))
        changed = not torch.allclose(spatial.warp(image, constant(space, vector)), image)
        assert changed == (axis == channel)


def test_border_repeats_the_edge_and_zeros_fade() -> None:
    image = torch.ones(1, 1, 6, 8, dtype=torch.float64)
    out = constant((6, 8), (2.5, 0.0))
    assert spatial.warp(image, out).min() == 1
    faded = spatial.warp(image, out, padding="zeros")[0, 0, :, 0]
    torch.testing.assert_close(faded, torch.tensor([1, 1, 1, 0.5, 0, 0], dtype=torch.float64))


def test_nearest_keeps_the_values() -> None:
    image = torch.randint(0, 5, (1, 1, 9, 7)).double()
    displacement = random(1, 2, 9, 7) * 3
    warped = spatial.warp(image, displacement, mode="nearest")
    assert set(warped.unique().tolist()) <= set(image.unique().tolist())


def test_half_precision_is_warped_in_float32_and_float64_stays() -> None:
    image, zero = random(1, 1, 5, 5), torch.zeros(1, 2, 5, 5)
    assert spatial.warp(image.bfloat16(), zero.bfloat16()).dtype == torch.float32
    assert spatial.integrate(zero.bfloat16()).dtype == torch.float32
    assert spatial.integrate(zero.double()).dtype == torch.float64


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("padding", ["border", "zeros"])
def test_warp_is_the_written_out_interpolation(space: tuple[int, ...], padding: spatial.Padding) -> None:
    """Against the sum over the corners of the cell, written in voxels."""
    image, displacement = random(1, 1, *space), (random(1, len(space), *space, seed=1) - 0.5) * 6
    points = spatial.identity_grid(space, displacement)[0] + displacement[0]
    low = points.floor().long()
    expected = torch.zeros(space, dtype=torch.float64)
    for corner in itertools.product((0, 1), repeat=len(space)):
        weight, inside, index = torch.ones(space), torch.ones(space, dtype=torch.bool), []
        for axis, step in enumerate(corner):
            place = low[axis] + step
            clamped = points[axis].clamp(0, space[axis] - 1) if padding == "border" else points[axis]
            weight = weight * (1 - (clamped - (clamped.floor() + step)).abs())
            place = clamped.floor().long() + step
            inside &= (place >= 0) & (place < space[axis])
            index.append(place.clamp(0, space[axis] - 1))
        expected += torch.where(inside, weight * image[0, 0][tuple(index)], 0.0)
    torch.testing.assert_close(spatial.warp(image, displacement, padding=padding)[0, 0], expected)


@pytest.mark.parametrize("space", [(6, 8), (6, 8, 4)])
def test_resizing_a_constant_to_twice_the_grid_doubles_it(space: tuple[int, ...]) -> None:
    vector = (1.0, -2.0, 0.5)[: len(space)]
    double = [2 * size for size in space]
    torch.testing.assert_close(
        spatial.resize(constant(space, vector), double), 2 * constant(tuple(double), vector)
    )
    field = constant(space, vector)
    assert spatial.resize(field, space) is field


def test_resizing_scales_every_axis_by_its_own_ratio() -> None:
    grown = spatial.resize(constant((4, 4), (1.0, 1.0)), (8, 12))
    torch.testing.assert_close(grown, constant((8, 12), (2.0, 3.0)))


@pytest.mark.parametrize("space", SPACES)
def test_composition_with_zero_and_of_constants(space: tuple[int, ...]) -> None:
    field, zero = random(1, len(space), *space), torch.zeros(1, len(space), *space, dtype=torch.float64)
    torch.testing.assert_close(spatial.compose(field, zero), field)
    torch.testing.assert_close(spatial.compose(zero, field), field)
    a, b = (1.0, 2.0, -1.0)[: len(space)], (0.5, -1.0, 2.0)[: len(space)]
    both = tuple(x + y for x, y in zip(a, b, strict=True))
    torch.testing.assert_close(spatial.compose(constant(space, a), constant(space, b)), constant(space, both))


def test_composition_applies_then_first() -> None:
    """Of linear maps: ``(I + A)(I + B) - I`` where nothing leaves the grid; the order matters."""
    space = (21, 21)
    a = torch.tensor([[0.0, 0.1], [0.0, 0.0]], dtype=torch.float64)
    b = torch.tensor([[0.0, 0.0], [-0.1, 0.0]], dtype=torch.float64)
    both = a + b + a @ b
    composed = spatial.compose(linear(space, a), linear(space, b))
    torch.testing.assert_close(inner(composed, 2), inner(linear(space, both), 2))


def test_composition_is_associative_for_affine_maps_inside() -> None:
    space, generator = (25, 25), torch.Generator().manual_seed(3)
    first, second, third = (
        linear(space, torch.randn((2, 2), generator=generator, dtype=torch.float64) * 0.03) for _ in range(3)
    )
    left = spatial.compose(spatial.compose(first, second), third)
    right = spatial.compose(first, spatial.compose(second, third))
    torch.testing.assert_close(inner(left, 4), inner(right, 4))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_squaring_unfolds_what_one_step_folds(seed: int) -> None:
    """oracles.md: det J > 0 where max |grad v| / 2^T < 1, as far as the grid resolves the map."""
    velocity = smooth_velocity((48, 52), 8.0, sigma=4.0, seed=seed)
    steepest = max(float(velocity.diff(dim=axis).abs().max()) for axis in (2, 3))
    assert 1 < steepest < 2**7
    assert float(spatial.jacobian_determinant(spatial.integrate(velocity)).min()) > 0
    assert float(spatial.jacobian_determinant(spatial.integrate(velocity, 0)).min()) < 0


@pytest.mark.parametrize("space", SPACES)
def test_exp_of_zero_and_of_a_constant(space: tuple[int, ...]) -> None:
    zero = torch.zeros(1, len(space), *space, dtype=torch.float64)
    assert torch.equal(spatial.integrate(zero), zero)
    velocity = constant(space, (1.5, -0.5, 2.0)[: len(space)])
    torch.testing.assert_close(spatial.integrate(velocity), velocity, atol=1e-9, rtol=0)


@pytest.mark.parametrize("steps", [0, 4, 7])
def test_exp_of_a_linear_velocity_is_the_matrix_power(steps: int) -> None:
    space = (41, 45)
    matrix = torch.tensor([[0.1, -0.2], [0.2, 0.1]], dtype=torch.float64)
    power = torch.linalg.matrix_power(torch.eye(2, dtype=torch.float64) + matrix / 2**steps, 2**steps)
    displacement = spatial.integrate(linear(space, matrix), steps)
    expected = linear(space, power - torch.eye(2, dtype=torch.float64))
    assert float((inner(displacement, 12) - inner(expected, 12)).abs().max()) <= 1e-9


def test_exp_of_a_linear_velocity_in_3d() -> None:
    space, matrix = (17, 19, 15), torch.diag(torch.tensor([0.1, -0.05, 0.02], dtype=torch.float64))
    power = (1 + torch.diagonal(matrix) / 128) ** 128 - 1
    displacement = spatial.integrate(linear(space, matrix))
    torch.testing.assert_close(
        inner(displacement, 6), inner(linear(space, torch.diag(power)), 6), atol=1e-9, rtol=0
    )


def test_the_factor_of_a_scalar_velocity() -> None:
    """oracles.md: 1.1051277707 where exp gives 1.1051709181; forth and back leave -7.8122e-5."""
    points = centred((41, 41))
    forward = spatial.integrate(0.1 * points)
    back = spatial.integrate(-0.1 * points)
    factor = 1 + float(forward[0, 0, 25, 20] / points[0, 0, 25, 20])
    assert factor == pytest.approx(1.1051277707, abs=1e-9)
    assert factor == pytest.approx(math.exp(0.1), abs=5e-5)
    inverse = 1 + float(back[0, 0, 25, 20] / points[0, 0, 25, 20])
    assert factor * inverse - 1 == pytest.approx(-7.8122e-5, rel=1e-3)


@pytest.mark.parametrize(("steps", "error"), [(4, 0.0292), (7, 0.0037)])
def test_the_error_against_the_exponential(steps: int, error: float) -> None:
    space = (61, 61)
    matrix = torch.tensor([[0.1, -0.2], [0.2, 0.1]], dtype=torch.float64)
    exact = torch.linalg.matrix_exp(matrix) - torch.eye(2, dtype=torch.float64)
    difference = spatial.integrate(linear(space, matrix), steps) - linear(space, exact)
    assert float(inner(difference, 18).abs().max()) == pytest.approx(error, rel=0.05)


def test_inverse_composition_of_a_smooth_velocity() -> None:
    """oracles.md has 0.72 / 0.055 / 0.019 voxel for 0 / 4 / 7 squarings and det J > 0.7, of a field of its own."""
    velocity = smooth_velocity((64, 64), 3.0, seed=2)
    errors = [
        length(spatial.compose(spatial.integrate(velocity, t), spatial.integrate(-velocity, t)))
        for t in (0, 4, 7)
    ]
    assert errors == pytest.approx([0.72, 0.055, 0.019], rel=0.4)
    assert float(spatial.jacobian_determinant(spatial.integrate(velocity)).min()) > 0.7


@pytest.mark.parametrize("space", [(48, 52), (36, 40, 38)])
def test_exp_forth_and_back_within_bound(space: tuple[int, ...]) -> None:
    velocity = smooth_velocity(space, 3.0, seed=1)
    forward, back = spatial.integrate(velocity), spatial.integrate(-velocity)
    assert length(spatial.compose(forward, back)) < 0.05
    assert length(spatial.compose(back, forward)) < 0.05
    assert float(spatial.jacobian_determinant(forward).min()) > 0


@pytest.mark.parametrize("space", [(32, 28), (28, 32, 26)])
def test_invert_undoes_a_smooth_displacement(space: tuple[int, ...]) -> None:
    displacement = smooth_velocity(space, 1.5)
    inverse = spatial.invert(displacement)
    assert length(spatial.compose(displacement, inverse)) < 1e-3
    assert length(spatial.compose(inverse, displacement)) < 0.05


def test_jacobian_of_linear_maps() -> None:
    """oracles.md: det(I + A) = 1.0375 exactly."""
    matrix = torch.tensor([[0.1, 0.2, 0.3], [0.05, -0.1, 0.15], [0.2, -0.05, 0.1]], dtype=torch.float64)
    determinant = spatial.jacobian_determinant(linear((5, 6, 4), matrix))
    torch.testing.assert_close(determinant, torch.full_like(determinant, 1.0375))
    flat = spatial.jacobian_determinant(linear((5, 6), matrix[:2, :2]))
    torch.testing.assert_close(flat, torch.full_like(flat, 1.1 * 0.9 - 0.2 * 0.05))


def test_a_reflection_has_determinant_minus_one() -> None:
    field = linear((5, 5, 5), torch.diag(torch.tensor([-2.0, 0.0, 0.0], dtype=torch.float64)))
    torch.testing.assert_close(
        spatial.jacobian_determinant(field), torch.full((1, 5, 5, 5), -1.0, dtype=torch.float64)
    )


@pytest.mark.parametrize("space", SPACES)
def test_padding_to_a_multiple_and_back(space: tuple[int, ...]) -> None:
    image = random(1, 2, *space)
    padded = spatial.pad_to_multiple(image, 8)
    assert all(size % 8 == 0 for size in padded.shape[2:])
    assert torch.equal(spatial.crop_to(padded, space), image)
    for axis in range(2, padded.ndim):
        assert torch.equal(padded.select(axis, -1), padded.select(axis, space[axis - 2] - 1))
    assert spatial.pad_to_multiple(padded, 8) is padded
