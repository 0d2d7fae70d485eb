"""Linear sampling on the CPU, with the gradients for the points and the image."""

from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from contreg_core.kernels.fit import array, fits, in_space, three_components


def samples(image: Tensor, points: Tensor) -> bool:
    """True where ``sampled`` may be called: the loops trust the shapes they are given."""
    ndim = image.ndim - 2
    grids = ndim in (2, 3) and points.ndim == image.ndim and points.shape[1] == ndim
    return grids and image.shape[0] == points.shape[0] and fits(image, points)


def sampled(image: Tensor, points: Tensor, *, own: bool, zeros: bool) -> Tensor:
    """``image`` ``(B, C, *space)`` at ``points`` ``(B, ndim, *out)`` -> ``(B, C, *out)``, linear.

    Points are voxel coordinates, or with ``own`` displacements from each voxel's own place. ``zeros`` reads 0 outside,
    otherwise the edge is repeated. A point that is not finite reads NaN.
    """
    values: Tensor = _Sampled.apply(  # type: ignore[no-untyped-call]
        in_space(image), three_components(points), own, zeros
    )
    return values if image.ndim == 5 else values.squeeze(2)


class _Sampled(Function):
    """Saves its two arguments only; the backward pass reads the neighbours again."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, points: Tensor, own: bool, zeros: bool) -> Tensor:
        from contreg_core.kernels.loops import machine, sampling

        image, points = image.contiguous(), points.contiguous()
        ctx.save_for_backward(image, points)
        ctx.own, ctx.zeros = own, zeros
        values = image.new_empty(*image.shape[:2], *points.shape[2:])
        where = _where(image, points, own, zeros)
        rows = values.shape[0] * values.shape[2]
        machine.share(sampling.read, rows, values.numel(), _flat(image), *where, array(values))
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        from contreg_core.kernels.loops import machine, sampling

        image, points = ctx.saved_tensors
        gradient, where = array(gradients[0]), _where(image, points, ctx.own, ctx.zeros)
        by_image = by_points = None
        if ctx.needs_input_grad[0]:
            by_image = image.new_zeros(image.shape)
            rows = image.shape[0] * image.shape[1]
            machine.share(sampling.scatter, rows, gradient.size, *where, gradient, _flat(by_image))
        if ctx.needs_input_grad[1]:
            by_points = points.new_empty(points.shape)
            rows = points.shape[0] * points.shape[2]
            machine.share(
                sampling.slopes, rows, gradient.size, _flat(image), *where, gradient, array(by_points)
            )
        return by_image, by_points, None, None


def _flat(image: Tensor) -> Any:
    return array(image).reshape(*image.shape[:2], -1)


def _where(image: Tensor, points: Tensor, own: bool, zeros: bool) -> tuple[Any, ...]:
    """The loops' middle arguments: the image's grid, the points, their origin, the padding."""
    where = array(points)
    return tuple(image.shape[2:]), where, where.dtype.type(own), zeros
