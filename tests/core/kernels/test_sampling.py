"""The compiled sampler against torch's, value by value and gradient by gradient."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from contreg_core import spatial

SPACES = [(7, 5), (1, 6), (5, 7, 4), (1, 3, 6)]
PADDINGS: list[spatial.Padding] = ["border", "zeros"]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scattered(space: tuple[int, ...], out: tuple[int, ...], seed: int = 1) -> Tensor:
    """Coordinates in, around and far outside the grid; on no voxel, where the slope jumps."""
    sizes = torch.tensor(space).view(1, -1, *([1] * len(out)))
    points = (random(2, len(space), *out, seed=seed) - 0.25) * 2 * sizes + 1e-3
    points[0, :, 0] = -1e6
    points[1, :, -1] = 1e6
    return points


def both(image: Tensor, points: Tensor, padding: spatial.Padding) -> list[tuple[Tensor, ...]]:
    """(values, gradient for the image, gradient for the points) of the compiled and of the plain form."""
    results = []
    for form in (spatial.sample, spatial._normalised_sample):
        leaves = image.clone().requires_grad_(), points.clone().requires_grad_()
        values = (
            form(*leaves, padding=padding) if form is spatial.sample else form(*leaves, "linear", padding)
        )
        weights = random(*values.shape, seed=3).to(values.dtype)
        results.append((values.detach(), *torch.autograd.grad((values * weights).sum(), leaves)))
    return results


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("threads", [1, 3])
def test_it_equals_torch(
    space: tuple[int, ...], padding: spatial.Padding, threads: int, on_threads: Callable[[int], None]
) -> None:
    on_threads(threads)
    out = (6, 3, 5)[: len(space)]
    fast, plain = both(random(2, 3, *space), scattered(space, out), padding)
    for one, other in zip(fast, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
    single, _ = both(random(2, 3, *space).float(), scattered(space, out).float(), padding)
    torch.testing.assert_close(single[0].double(), plain[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("space", [(5, 4), (4, 3, 5)])
@pytest.mark.parametrize("padding", PADDINGS)
def test_gradcheck(space: tuple[int, ...], padding: spatial.Padding) -> None:
    image = random(1, 2, *space).requires_grad_()
    displacement = (random(1, len(space), *space, seed=1) * 2.4 - 1.2).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, u: spatial.warp(a, u, padding=padding), (image, displacement))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=3).map(tuple), st.integers(0, 2**31), st.booleans())
def test_reading_and_scattering_are_adjoint(space: tuple[int, ...], seed: int, zeros: bool) -> None:
    """``<S a, g> = <a, S* g>``, for any points."""
    image = random(1, 2, *space, seed=seed).requires_grad_()
    points = random(1, len(space), *space, seed=seed + 1) * 12 - 4
    values = spatial.sample(image, points, padding="zeros" if zeros else "border")
    g = random(*values.shape, seed=seed + 2)
    (adjoint,) = torch.autograd.grad(values, image, g)
    torch.testing.assert_close((values * g).sum(), (image * adjoint).sum())


def test_layout_does_not_matter() -> None:
    image, displacement = random(2, 4, 5, 6, 7), random(2, 3, 5, 6, 7, seed=1)
    expected = spatial.warp(image, displacement)
    last = torch.channels_last_3d
    assert torch.equal(
        spatial.warp(image.to(memory_format=last), displacement.to(memory_format=last)), expected
    )
    part = spatial.warp(image[:, 1:3], displacement)
    assert torch.equal(part, expected[:, 1:3])


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_broken_point_reads_nan_and_harms_no_other(padding: spatial.Padding, value: float) -> None:
    displacement = torch.zeros(1, 3, 4, 5, 6)
    displacement[0, 1, 2, 2, 2] = value
    image = random(1, 1, 4, 5, 6).float() + 1
    warped = spatial.warp(image, displacement, padding=padding)
    assert warped[0, 0, 2, 2, 2].isnan()
    warped[0, 0, 2, 2, 2] = image[0, 0, 2, 2, 2]
    torch.testing.assert_close(warped, image)


def test_batches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RuntimeError, match="batch"):
        spatial.warp(random(1, 1, 4, 4, 4), random(2, 3, 4, 4, 4))


def test_no_grad_and_inference_mode() -> None:
    image, displacement = random(1, 1, 4, 4), random(1, 2, 4, 4).requires_grad_()
    expected = spatial.warp(image, displacement)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            warped = spatial.warp(image, displacement)
        assert not warped.requires_grad
        assert torch.equal(warped, expected)
