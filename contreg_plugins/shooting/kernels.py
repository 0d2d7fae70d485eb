"""Sums of Gaussians as convolutions: the smoothness of the velocities (Risser et al. 2011; Vialard et al. 2012).

Every Gaussian is sampled on the grid, has unit sum, and acts through a real FFT. A "zero" boundary pads each axis by
three times the largest sigma; that strip is shared by both ends of the axis, so opposite sides do not see each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.autograd.function import once_differentiable

from contreg_core import spatial
from contreg_plugins.shooting.differences import Boundary

PADDING = 3.0  # in sigmas: there a Gaussian is down to 1 % of its peak


@dataclass(frozen=True)
class Gaussians:
    """``sum_i weights_i G(sigmas_i)``; sigmas in voxels, weights positive with unit sum."""

    sigmas: tuple[float, ...]
    weights: tuple[float, ...]

    def shrunk(self, factor: float) -> "Gaussians":
        """The same kernel in voxels ``factor`` times larger."""
        return Gaussians(tuple(sigma / factor for sigma in self.sigmas), self.weights)

    def on(self, like: Tensor, boundary: Boundary = "zero") -> "Kernel":
        """Ready to convolve fields of the grid, type and device of ``like`` ``(B, C, *space)``."""
        padded = [_padded(size, max(self.sigmas), boundary) for size in like.shape[2:]]
        parts = [
            weight * _multiplier(padded, sigma)
            for sigma, weight in zip(self.sigmas, self.weights, strict=True)
        ]
        return Kernel(torch.stack(parts).sum(0).to(like), tuple(padded))


def normalised(sigmas: Sequence[float], weights: Sequence[float]) -> Gaussians:
    """The kernel of these sigmas, the weights divided by their sum."""
    total = math.fsum(weights)
    return Gaussians(tuple(sigmas), tuple(weight / total for weight in weights))


@dataclass(frozen=True)
class Kernel:
    """``kernel(field)``: convolution over the spatial axes of ``(B, C, *space)``; symmetric, positive."""

    multiplier: Tensor
    padded: tuple[int, ...]

    def __call__(self, field: Tensor) -> Tensor:
        result: Tensor = _Convolve.apply(field, self.multiplier, self.padded)  # type: ignore[no-untyped-call]
        return result


class _Convolve(torch.autograd.Function):
    """A symmetric convolution is its own adjoint, so nothing needs to be kept for the way back."""

    @staticmethod
    def forward(ctx: Any, field: Tensor, multiplier: Tensor, padded: tuple[int, ...]) -> Tensor:
        ctx.multiplier, ctx.padded = multiplier, padded
        return _convolve(field, multiplier, padded)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _convolve(gradients[0], ctx.multiplier, ctx.padded), None, None


def _convolve(field: Tensor, multiplier: Tensor, padded: tuple[int, ...]) -> Tensor:
    axes = list(range(2, field.ndim))
    spectrum = torch.fft.rfftn(field, s=padded, dim=axes).mul_(multiplier)
    return spatial.crop_to(torch.fft.irfftn(spectrum, s=padded, dim=axes), field.shape[2:])


def _padded(size: int, sigma: float, boundary: Boundary) -> int:
    if boundary == "periodic":
        return size
    return int(next_fast_len(size + math.ceil(PADDING * sigma), real=True))


def _multiplier(padded: Sequence[int], sigma: float) -> Tensor:
    """The transform of one sampled, periodic Gaussian of unit sum, laid out as ``rfftn`` does; float64."""
    product = torch.ones((), dtype=torch.float64)
    for axis, size in enumerate(padded, start=1):
        product = product[..., None] * _line(size, sigma, half=axis == len(padded))
    return product


def _line(size: int, sigma: float, *, half: bool) -> Tensor:
    """Sampling repeats a spectrum at every integer (Poisson): the sum stays positive, as no cut Gaussian would."""
    frequencies = (torch.fft.rfftfreq if half else torch.fft.fftfreq)(size, dtype=torch.float64)
    reach = math.ceil(2 / sigma) + 1
    shifts = torch.arange(-reach, reach + 1, dtype=torch.float64)
    spectrum = torch.exp(-2 * (math.pi * sigma * (frequencies[:, None] + shifts)) ** 2).sum(1)
    return spectrum / spectrum[0]
