"""Algebra of displacements, for any grid, 2-D and 3-D."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from contreg_core import spatial
from contreg_core.kernels import box_sum

spaces = st.lists(st.integers(3, 9), min_size=2, max_size=3).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def field(space: tuple[int, ...], seed: int, size: float = 2.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand((1, len(space), *space), generator=generator, dtype=torch.float64) - 0.5) * 2 * size


def image(space: tuple[int, ...], seed: int) -> Tensor:
    return torch.rand((1, 2, *space), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(spaces, seeds)
def test_a_warp_is_linear_in_the_image_and_stays_in_its_range(space: tuple[int, ...], seed: int) -> None:
    a, b, u = image(space, seed), image(space, seed + 1), field(space, seed)
    both = spatial.warp(2 * a - 3 * b, u)
    torch.testing.assert_close(both, 2 * spatial.warp(a, u) - 3 * spatial.warp(b, u))
    warped = spatial.warp(a, u)
    assert float(warped.min()) >= float(a.min()) - 1e-9
    assert float(warped.max()) <= float(a.max()) + 1e-9


@given(spaces, seeds, st.data())
def test_permuting_axes_permutes_everything(space: tuple[int, ...], seed: int, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(space))))
    whole = (0, 1, *(k + 2 for k in order))
    a, u = image(space, seed), field(space, seed)
    turned = u[:, list(order)].permute(whole)
    torch.testing.assert_close(spatial.warp(a.permute(whole), turned), spatial.warp(a, u).permute(whole))
    torch.testing.assert_close(
        spatial.jacobian_determinant(turned)[None], spatial.jacobian_determinant(u)[None].permute(whole)
    )
    torch.testing.assert_close(
        spatial.integrate(turned, 3), spatial.integrate(u, 3)[:, list(order)].permute(whole)
    )


@given(spaces, seeds, st.data())
def test_flipping_an_axis_negates_its_channel(space: tuple[int, ...], seed: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(space) - 1))
    a, u = image(space, seed), field(space, seed)
    mirrored = u.flip(axis + 2).clone()
    mirrored[:, axis] *= -1
    torch.testing.assert_close(spatial.warp(a.flip(axis + 2), mirrored), spatial.warp(a, u).flip(axis + 2))


@given(spaces, seeds)
def test_zero_is_neutral_in_composition(space: tuple[int, ...], seed: int) -> None:
    u = field(space, seed)
    zero = torch.zeros_like(u)
    torch.testing.assert_close(spatial.compose(u, zero), u)
    torch.testing.assert_close(spatial.compose(zero, u), u)
    assert torch.equal(spatial.integrate(zero), zero)
    assert torch.equal(spatial.invert(zero).abs(), zero)


@given(spaces, st.floats(-0.4, 0.4), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_affine_determinants(space: tuple[int, ...], a: float, b: float, c: float) -> None:
    matrix = torch.tensor([[a, b, c], [c, a, b], [b, c, a]], dtype=torch.float64)[: len(space), : len(space)]
    u = torch.einsum("ij,bj...->bi...", matrix, spatial.identity_grid(space, matrix))
    expected = torch.linalg.det(torch.eye(len(space), dtype=torch.float64) + matrix)
    found = spatial.jacobian_determinant(u)
    torch.testing.assert_close(found, expected.expand_as(found))


@given(spaces, seeds, st.integers(1, 17))
def test_padding_is_undone(space: tuple[int, ...], seed: int, multiple: int) -> None:
    a = image(space, seed)
    padded = spatial.pad_to_multiple(a, multiple)
    assert all(size % multiple == 0 for size in padded.shape[2:])
    assert torch.equal(spatial.crop_to(padded, space), a)


@settings(max_examples=40)
@given(spaces, seeds, st.integers(1, 4))
def test_box_sums_are_separable_and_count_their_voxels(space: tuple[int, ...], seed: int, half: int) -> None:
    window = 2 * half + 1
    counts = box_sum(torch.ones(1, 1, *space, dtype=torch.float64), window)
    expected = torch.ones(1, 1, *space, dtype=torch.float64)
    for axis, size in enumerate(space):
        place = torch.arange(size)
        line = (place + half).clamp(max=size - 1) - (place - half).clamp(min=0) + 1
        expected *= line.view(*([1] * (axis + 2)), -1, *([1] * (len(space) - axis - 1)))
    torch.testing.assert_close(counts, expected)
    a = image(space, seed)
    torch.testing.assert_close(box_sum(a, window).sum(), (a * counts).sum())
