"""CPU time of the compiled forms against plain torch, interleaved in one run, on one thread.

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/kernels.py > benchmarks/results/kernels-cpu.md
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import kernels, spatial
from contreg_core.kernels.box import shifted_sum
from contreg_core.kernels.lncc import PlainLNCC

GRID, HALF = (80, 96, 80), (40, 48, 40)


def smooth(channels: int, space: tuple[int, ...], size: float = 1.0) -> Tensor:
    """Noise on an eighth of the grid, interpolated."""
    coarse = torch.randn(1, channels, *(n // 8 for n in space))
    return F.interpolate(coarse, size=space, mode="trilinear", align_corners=True) * size


def with_gradient(form: Callable[..., Tensor], *leaves: Tensor) -> Callable[[], object]:
    """Forward and backward of ``form`` with respect to ``leaves``."""

    def call() -> object:
        given = [leaf.detach().requires_grad_() for leaf in leaves]
        values = form(*given)
        return torch.autograd.grad(values, given, torch.ones_like(values))

    return call


def cases() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Name -> (compiled, plain)."""
    image, fixed = smooth(1, GRID).sigmoid(), smooth(1, GRID).sigmoid()
    features, shift = smooth(16, HALF), smooth(3, HALF, 2.0)
    velocity, displacement = smooth(3, HALF), smooth(3, GRID, 2.0)
    count = kernels.box_sum(torch.ones_like(fixed), 9)

    def lncc(form: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda a: form(a, fixed, count, 9, 1e-6)

    def step(form: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
        def value(v: Tensor) -> Tensor:
            warped = spatial.warp(image, spatial.resize(spatial.integrate(v, 5), GRID))
            return 1 - form(warped, fixed, count, 9, 1e-6).mean()

        return value

    def twice(
        form: Callable[..., Tensor], *leaves: Tensor
    ) -> tuple[Callable[[], object], Callable[[], object]]:
        return with_gradient(form, *leaves), plainly(with_gradient(form, *leaves))

    return {
        "warp, forward": (
            lambda: spatial.warp(image, displacement),
            plainly(lambda: spatial.warp(image, displacement)),
        ),
        "warp, with gradient for the displacement": twice(lambda u: spatial.warp(image, u), displacement),
        "warp of 16 channels (40 x 48 x 40), both gradients": twice(spatial.warp, features, shift),
        "integrate, 5 steps (40 x 48 x 40), with gradient": twice(
            lambda v: spatial.integrate(v, 5), velocity
        ),
        "resize 40 x 48 x 40 to 80 x 96 x 80, with gradient": twice(
            lambda v: spatial.resize(v, GRID), velocity
        ),
        "box sum, window 9": (lambda: kernels.box_sum(fixed, 9), lambda: shifted_sum(fixed, 9)),
        "squared LNCC, window 9, with gradient for one image": (
            with_gradient(lncc(kernels.squared_lncc), image),
            with_gradient(lncc(PlainLNCC.apply), image),
        ),
        "velocity to LNCC and back (integrate, resize, warp, LNCC)": (
            with_gradient(step(kernels.squared_lncc), velocity),
            plainly(with_gradient(step(PlainLNCC.apply), velocity)),
        ),
    }


def plainly(call: Callable[[], object]) -> Callable[[], object]:
    """``call`` with ``contreg_core.spatial`` kept from the compiled forms."""

    def plain() -> object:
        refuse: Any = mock.Mock(return_value=False)
        with mock.patch.object(kernels, "samples", refuse), mock.patch.object(kernels, "fits", refuse):
            return call()

    return plain


def seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """Print a Markdown table: medians, and the median of the rounds' ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print("| 80 x 96 x 80, float32, one thread, CPU ms | torch | compiled | ratio |\n|---|---|---|---|")
    for name, (fast, plain) in cases().items():
        fast(), plain()  # compiles, and warms the caches
        pairs = [(seconds(plain), seconds(fast)) for _ in range(rounds)]
        slow, quick = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"| {name} | {slow:.1f} | {quick:.1f} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    main()
