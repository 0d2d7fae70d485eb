"""Box sums and LNCC against slow forms, and against finite differences where a brain meets an empty background."""

import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import kernels
from contreg_core.kernels import SquaredLNCC, box_sum

SHAPES = [(2, 1, 9, 7), (1, 2, 5, 6, 8)]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_box_sum(image: Tensor, window: int) -> Tensor:
    half, total = window // 2, torch.zeros_like(image)
    padded = F.pad(image, [half] * (2 * (image.ndim - 2)))
    for shift in itertools.product(range(window), repeat=image.ndim - 2):
        part = padded
        for axis, start in enumerate(shift, start=2):
            part = part.narrow(axis, start, image.shape[axis])
        total += part
    return total


def cumsum_box_sum(image: Tensor, window: int) -> Tensor:
    """Running sums: what must not be used (performance.md 5)."""
    for axis in range(2, image.ndim):
        amounts = [0] * (2 * (image.ndim - axis))
        amounts[-2:] = [window // 2 + 1, window // 2]
        running = F.pad(image, amounts).cumsum(axis)
        size = image.shape[axis]
        image = running.narrow(axis, window, size) - running.narrow(axis, 0, size)
    return image


def slow_lncc(
    a: Tensor,
    b: Tensor,
    count: Tensor,
    window: int,
    eps: float,
    box: Callable[[Tensor, int], Tensor] = slow_box_sum,
) -> Tensor:
    mean_a, mean_b = box(a, window) / count, box(b, window) / count
    var_a = (box(a * a, window) / count - mean_a**2).clamp(min=0)
    var_b = (box(b * b, window) / count - mean_b**2).clamp(min=0)
    cov = box(a * b, window) / count - mean_a * mean_b
    return cov**2 / (var_a * var_b + eps)


def count_of(image: Tensor, window: int) -> Tensor:
    return slow_box_sum(torch.ones_like(image), window)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [1, 3, 5, 7, 9, 11, 13, 15])
def test_box_sum_is_the_sum_over_the_window(shape: tuple[int, ...], window: int) -> None:
    if len(shape) == 5 and window > 9:
        pytest.skip("slow, and the axes are independent")
    image = random(*shape)
    torch.testing.assert_close(box_sum(image, window), slow_box_sum(image, window))
    torch.testing.assert_close(cumsum_box_sum(image, window), slow_box_sum(image, window))


def test_box_sum_leaves_its_argument_alone_and_is_its_own_adjoint() -> None:
    a, b = random(1, 1, 8, 9), random(1, 1, 8, 9, seed=1)
    before = a.clone()
    assert float((box_sum(a, 5) * b).sum()) == pytest.approx(float((a * box_sum(b, 5)).sum()))
    assert torch.equal(a, before)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [3, 5])
def test_lncc_equals_the_slow_form(shape: tuple[int, ...], window: int) -> None:
    a, b = random(*shape), random(*shape, seed=1)
    count = count_of(a, window)
    torch.testing.assert_close(
        SquaredLNCC.apply(a, b, count, window, 1e-5), slow_lncc(a, b, count, window, 1e-5)
    )


@pytest.mark.parametrize("shape", [(1, 1, 5, 6), (1, 1, 4, 5, 3)])
def test_gradients_of_both_images(shape: tuple[int, ...]) -> None:
    a, b = random(*shape).requires_grad_(), random(*shape, seed=1).requires_grad_()
    count = count_of(a.detach(), 3)
    assert torch.autograd.gradcheck(lambda a, b: SquaredLNCC.apply(a, b, count, 3, 1e-3), (a, b))
    assert torch.autograd.gradcheck(lambda a: SquaredLNCC.apply(a, b.detach(), count, 3, 1e-3), (a,))


def test_the_gradient_of_the_slow_form_is_the_same() -> None:
    a, b = random(1, 1, 6, 7, 5).requires_grad_(), random(1, 1, 6, 7, 5, seed=1).requires_grad_()
    count = count_of(a.detach(), 5)
    fast = torch.autograd.grad(SquaredLNCC.apply(a, b, count, 5, 1e-5).mean(), (a, b))
    slow = torch.autograd.grad(slow_lncc(a, b, count, 5, 1e-5).mean(), (a, b))
    torch.testing.assert_close(fast, slow)


def test_a_second_derivative_is_refused_not_wrong() -> None:
    a, b = random(1, 1, 6, 6).requires_grad_(), random(1, 1, 6, 6, seed=1)
    value = SquaredLNCC.apply(a, b, count_of(b, 3), 3, 1e-3).sum()
    (grad,) = torch.autograd.grad(value, a, create_graph=True)
    with pytest.raises(RuntimeError, match="grad"):
        grad.square().sum().backward()


def brain(space: tuple[int, ...], seed: int) -> Tensor:
    """A textured ellipsoid, saturated in places as robust percentiles leave it, exact zeros around it."""
    axes = torch.meshgrid(*(torch.linspace(-1, 1, n, dtype=torch.float64) for n in space), indexing="ij")
    radius = sum((axis / 0.6) ** 2 for axis in axes)
    waves = 0.6 * torch.sin(5 * axes[0] + seed) * torch.cos(4 * axes[1])
    image = (0.8 + waves + 0.1 * random(*space, seed=seed)).clamp(0, 1)
    return (image * (radius < 1))[None, None]


def relative_error(box: Callable[[Tensor, int], Tensor], monkeypatch: pytest.MonkeyPatch) -> float:
    """Error of the float32 gradient when windows are summed by ``box``, relative to the true gradient's norm.

    The true one is in double precision, and checked by a finite difference along itself.
    """
    warped, fixed = brain((48, 44, 40), 0), brain((48, 44, 40), 1)
    window = 7
    count = torch.full((1, 1, 1, 1, 1), float(window**3), dtype=torch.float64)
    eps = 1e-5 / window**6  # 1e-5 on window sums, as in the measurement

    def value(image: Tensor) -> Tensor:
        return slow_lncc(image, fixed, count, window, eps, box_sum).mean()

    leaf = warped.clone().requires_grad_()
    (true,) = torch.autograd.grad(value(leaf), leaf)
    step = 1e-7 * true / true.norm()
    slope = float(value(warped + step) - value(warped - step)) / 2e-7
    assert slope == pytest.approx(float(true.norm()), rel=1e-2)
    monkeypatch.setattr(kernels, "box_sum", box)
    single = warped.float().requires_grad_()
    result = SquaredLNCC.apply(single, fixed.float(), count.float(), window, eps).mean()
    (grad,) = torch.autograd.grad(result, single)
    return float((grad.double() - true).norm() / true.norm())


def test_the_float32_gradient_is_right_beside_an_empty_background(monkeypatch: pytest.MonkeyPatch) -> None:
    assert relative_error(box_sum, monkeypatch) < 0.02


def test_that_check_would_catch_running_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """performance.md 5: variances of rounding noise where the image is flat, and a quotient that blows them up."""
    assert relative_error(cumsum_box_sum, monkeypatch) > 0.2
