"""Box sums and LNCC against slow forms, and against finite differences where a brain meets an empty background."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.kernels import box_sum, lncc
from contreg_core.kernels.box import shifted_sum
from contreg_core.kernels.lncc import CompiledLNCC, PlainLNCC

SHAPES = [(2, 1, 9, 7), (1, 2, 5, 6, 8)]
FORMS = [CompiledLNCC, PlainLNCC]


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
    """Running sums: what must not be used (performance.md)."""
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
    sign: bool = False,
) -> Tensor:
    mean_a, mean_b = box(a, window) / count, box(b, window) / count
    var_a = (box(a * a, window) / count - mean_a**2).clamp(min=0)
    var_b = (box(b * b, window) / count - mean_b**2).clamp(min=0)
    cov = box(a * b, window) / count - mean_a * mean_b
    den = var_a * var_b + eps
    return cov / den.sqrt() if sign else cov**2 / den


def count_of(image: Tensor, window: int) -> Tensor:
    return slow_box_sum(torch.ones_like(image), window)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [1, 3, 5, 7, 9, 11, 13, 15])
def test_box_sum_is_the_sum_over_the_window(shape: tuple[int, ...], window: int) -> None:
    if len(shape) == 5 and window > 9:
        pytest.skip("slow, and the axes are independent")
    image = random(*shape)
    torch.testing.assert_close(box_sum(image, window), slow_box_sum(image, window))
    torch.testing.assert_close(shifted_sum(image, window), slow_box_sum(image, window))
    torch.testing.assert_close(cumsum_box_sum(image, window), slow_box_sum(image, window))


def test_box_sum_leaves_its_argument_alone_and_is_its_own_adjoint() -> None:
    a, b = random(1, 1, 8, 9), random(1, 1, 8, 9, seed=1)
    before = a.clone()
    assert float((box_sum(a, 5) * b).sum()) == pytest.approx(float((a * box_sum(b, 5)).sum()))
    assert torch.equal(a, before)
    assert torch.autograd.gradcheck(lambda a: box_sum(a, 3), a.requires_grad_())


@pytest.mark.parametrize("window", [3, 9])
def test_the_sum_over_an_empty_background_is_exactly_zero(window: int) -> None:
    image = torch.zeros(1, 1, 20, 20, 20)
    image[..., :6, :6, :6] = random(6, 6, 6).float() * 1000
    assert float(box_sum(image, window)[..., 6 + window // 2 :].abs().max()) == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [3, 5])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sign", [False, True])
def test_lncc_equals_the_slow_form(shape: tuple[int, ...], window: int, form: Any, sign: bool) -> None:
    a, b = random(*shape), random(*shape, seed=1)
    count = count_of(a, window)
    for given in (count, count[:1, :1], torch.tensor(float(window ** (a.ndim - 2))).double()):
        expected = slow_lncc(a, b, given, window, 1e-5, sign=sign)
        torch.testing.assert_close(form.apply(a, b, given, window, 1e-5, sign), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(1, 1, 5, 6), (1, 1, 4, 5, 3)])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sign", [False, True])
def test_gradients_of_both_images(shape: tuple[int, ...], form: Any, sign: bool) -> None:
    a, b = random(*shape).requires_grad_(), random(*shape, seed=1).requires_grad_()
    count = count_of(a.detach(), 3)
    assert torch.autograd.gradcheck(lambda a, b: form.apply(a, b, count, 3, 1e-3, sign), (a, b))
    assert torch.autograd.gradcheck(lambda a: form.apply(a, b.detach(), count, 3, 1e-3, sign), (a,))
    assert torch.autograd.gradcheck(lambda b: form.apply(a.detach(), b, count, 3, 1e-3, sign), (b,))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sign", [False, True])
def test_the_gradient_of_the_slow_form_is_the_same(form: Any, sign: bool) -> None:
    a, b = random(1, 1, 6, 7, 5).requires_grad_(), random(1, 1, 6, 7, 5, seed=1).requires_grad_()
    count = count_of(a.detach(), 5)
    fast = torch.autograd.grad(form.apply(a, b, count, 5, 1e-5, sign).mean(), (a, b))
    slow = torch.autograd.grad(slow_lncc(a, b, count, 5, 1e-5, sign=sign).mean(), (a, b))
    torch.testing.assert_close(fast, slow)


@pytest.mark.parametrize("form", FORMS)
def test_a_second_derivative_is_refused_not_wrong(form: Any) -> None:
    a, b = random(1, 1, 6, 6).requires_grad_(), random(1, 1, 6, 6, seed=1)
    value = form.apply(a, b, count_of(b, 3), 3, 1e-3, False).sum()
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


def relative_error(form: Any) -> float:
    """Error of ``form``'s float32 gradient, relative to the true gradient's norm.

    The true one is in double precision, and checked by a finite difference along itself.
    """
    warped, fixed = brain((48, 44, 40), 0), brain((48, 44, 40), 1)
    window = 7
    count = torch.full((1, 1, 1, 1, 1), float(window**3), dtype=torch.float64)
    eps = 1e-5 / window**6  # 1e-5 on window sums, as in the measurement

    def value(image: Tensor) -> Tensor:
        return slow_lncc(image, fixed, count, window, eps, shifted_sum).mean()

    leaf = warped.clone().requires_grad_()
    (true,) = torch.autograd.grad(value(leaf), leaf)
    step = 1e-7 * true / true.norm()
    slope = float(value(warped + step) - value(warped - step)) / 2e-7
    assert slope == pytest.approx(float(true.norm()), rel=1e-2)
    single = warped.float().requires_grad_()
    result = form.apply(single, fixed.float(), count.float(), window, eps, False).mean()
    (grad,) = torch.autograd.grad(result, single)
    return float((grad.double() - true).norm() / true.norm())


@pytest.mark.parametrize("form", FORMS)
def test_the_float32_gradient_is_right_beside_an_empty_background(form: Any) -> None:
    assert relative_error(form) < 0.02


def test_that_check_would_catch_running_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """performance.md: variances of rounding noise where the image is flat, and a quotient that blows them up."""
    monkeypatch.setattr(lncc, "shifted_sum", cumsum_box_sum)
    assert relative_error(PlainLNCC) > 0.2


def test_integers_and_half_precision_take_the_plain_form() -> None:
    a = random(1, 1, 8, 8).bfloat16()
    assert lncc.squared_lncc(a, a, torch.tensor(9.0).bfloat16(), 3, 1e-3).dtype == torch.bfloat16
    assert box_sum(torch.ones(1, 1, 4, 4, dtype=torch.int64), 3).max() == 9
