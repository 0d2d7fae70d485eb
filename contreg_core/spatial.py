"""Pure functions on displacements and images, 2-D and 3-D in one code path.

Displacements are ``(B, ndim, *space)`` float32 in voxels, axis order; ``warp(image, u)(p) = image(p + u(p))``.
Sampling is linear with voxel centres at the corners of the normalised cube (``align_corners=True``).
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core import kernels
from contreg_core.constants import along_axes, constant, kept
from contreg_core.kernels import repeatable

Padding: TypeAlias = Literal["border", "zeros"]
Mode: TypeAlias = Literal["linear", "nearest"]


def identity_grid(space: Sequence[int], like: Tensor) -> Tensor:
    """Voxel coordinates ``(1, ndim, *space)`` with the dtype and device of ``like``."""
    axes = [torch.arange(size, dtype=like.dtype, device=like.device) for size in space]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))[None]


def sample(
    image: Tensor, coordinates: Tensor, *, mode: Mode = "linear", padding: Padding = "border"
) -> Tensor:
    """``image`` ``(B, C, *space)`` read at voxel ``coordinates`` ``(B, ndim, *out)`` -> ``(B, C, *out)``."""
    if mode == "linear" and kernels.samples(image, coordinates):
        return kernels.sampled(image, coordinates, own=False, zeros=padding == "zeros")
    if mode == "linear" and repeatable.wanted():
        return repeatable.gathered(image, coordinates, zeros=padding == "zeros")
    return _normalised_sample(image, coordinates, mode, padding)


def _normalised_sample(image: Tensor, coordinates: Tensor, mode: Mode, padding: Padding) -> Tensor:
    """``sample`` in plain torch."""
    sizes = image.shape[2:]
    # One slice at a time: stacking the reversed axes last is the layout grid_sample wants, built in one copy.
    normalised = torch.stack(
        [coordinates[:, k] * (2 / max(sizes[k] - 1, 1)) - 1 for k in reversed(range(len(sizes)))],
        dim=-1,
    )
    interpolation = "bilinear" if mode == "linear" else "nearest"
    return F.grid_sample(image, normalised, interpolation, padding, align_corners=True)


def warp(
    image: Tensor, displacement: Tensor, *, mode: Mode = "linear", padding: Padding = "border"
) -> Tensor:
    """``image(p + u(p))``: ``(B, C, *space)`` by ``(B, ndim, *space)``; computed in float32."""
    displacement = displacement.float() if displacement.dtype != torch.float64 else displacement
    image = image.to(displacement.dtype)
    if mode == "linear" and kernels.samples(image, displacement):
        return kernels.sampled(image, displacement, own=True, zeros=padding == "zeros")
    if mode == "linear" and not repeatable.wanted():
        return _warp_normalised(image, displacement, padding)
    coordinates = identity_grid(displacement.shape[2:], displacement) + displacement
    return sample(image, coordinates, mode=mode, padding=padding)


def _warp_normalised(image: Tensor, displacement: Tensor, padding: Padding) -> Tensor:
    """``warp`` in few operations: a GPU takes longer to start than to do them."""
    scales = [2 / max(size - 1, 1) for size in image.shape[2:]]
    base = _normalised_grid(displacement.shape[2:], tuple(scales), displacement.dtype, displacement.device)
    reversed_last = displacement.movedim(1, -1).flip(-1)
    grid = torch.addcmul(base, reversed_last, constant(scales[::-1], displacement))
    return F.grid_sample(image, grid, "bilinear", padding, align_corners=True)


@kept(16)
def _normalised_grid(
    space: tuple[int, ...], scales: tuple[float, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Voxels ``(1, *space, ndim)`` as ``grid_sample`` names them: axes reversed, from -1 on."""
    axes = [
        torch.arange(size, dtype=dtype, device=device) * scale - 1
        for size, scale in zip(space, scales, strict=True)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], dim=-1)[None]


def warp_features(features: Tensor, displacement: Tensor) -> Tensor:
    """``features(p + u(p))`` of maps of many channels, in their own type, the edge repeated; computed in float32."""
    if kernels.carries(features, displacement):
        return kernels.carried(features, displacement)
    return warp(features, displacement).to(features.dtype)


def compose(first: Tensor, then: Tensor) -> Tensor:
    """The displacement of ``p -> (id + first)((id + then)(p))``: ``then + first(p + then(p))``."""
    return then + warp(first, then)


def integrate(velocity: Tensor, steps: int = 7) -> Tensor:
    """exp(velocity) by scaling and squaring (Arsigny 2006; Dalca 2018): ``u <- u + u(p + u)``, ``steps`` times."""
    displacement = velocity.float() if velocity.dtype != torch.float64 else velocity
    displacement = displacement / 2**steps
    if kernels.samples(displacement, displacement):
        return kernels.squared(displacement, steps)
    for _ in range(steps):
        displacement = compose(displacement, displacement)
    return displacement


def resize(displacement: Tensor, space: Sequence[int]) -> Tensor:
    """A displacement on another grid over the same extent: linear, corners aligned, values times ``new / old``.

    A constant ``c`` at half resolution gives ``2c``.
    """
    old = displacement.shape[2:]
    if tuple(old) == tuple(space):
        return displacement
    ratios = [new / size for new, size in zip(space, old, strict=True)]
    scaled = displacement * along_axes(ratios, displacement)
    if kernels.fits(scaled):
        return kernels.resized(scaled, space)
    return stretch(scaled, space)


def stretch(values: Tensor, space: Sequence[int]) -> Tensor:
    """``(B, C, *old)`` -> ``(B, C, *space)`` over the same extent: linear, corners aligned."""
    if repeatable.wanted():
        return repeatable.stretched(values, space)
    mode = "trilinear" if len(space) == 3 else "bilinear"
    with torch.autocast(values.device.type, enabled=False):  # which would make bfloat16 features float32
        return F.interpolate(values, size=tuple(space), mode=mode, align_corners=True)


def invert(displacement: Tensor, start: Tensor | None = None, iterations: int = 30) -> Tensor:
    """The inverse displacement by fixed point (Chen et al. 2008), from ``start`` on where one is nearly right."""
    points = identity_grid(displacement.shape[2:], displacement)
    found = points + (-displacement if start is None else start)
    return preimages(displacement, points.expand_as(found), found, iterations) - points


def preimages(displacement: Tensor, targets: Tensor, start: Tensor, iterations: int) -> Tensor:
    """Positions ``q`` ``(B, ndim, *out)`` with ``q + u(q)`` at ``targets``, from ``start`` on, all in voxels.

    Fixed-point steps ``q <- q + s (target - q - u(q))``; where one leads away it is taken back and ``s``, 1 at first,
    is halved: so it converges in stretched places too, and no point ever gets worse.
    """
    if kernels.searches(displacement, targets, start):
        return kernels.searched(displacement, targets, start, iterations)
    found, left = start, targets - start - sample(displacement, start)
    step = torch.ones_like(left[:, :1])
    for _ in range(iterations):
        tried = found + step * left
        rest = targets - tried - sample(displacement, tried)
        closer = rest.square().sum(1, keepdim=True) < left.square().sum(1, keepdim=True)
        found, left = torch.where(closer, tried, found), torch.where(closer, rest, left)
        step = torch.where(closer, step, step / 2)
    return found


def jacobian_determinant(displacement: Tensor) -> Tensor:
    """``det(I + du/dp)`` ``(B, *space)``: central differences inside, one-sided at the border."""
    ndim = displacement.ndim - 2
    rows = [
        torch.stack(list(torch.gradient(displacement[:, k], dim=list(range(1, ndim + 1)))), dim=-1)
        for k in range(ndim)
    ]
    matrix = torch.stack(rows, dim=-2)
    j = matrix + torch.eye(ndim, dtype=matrix.dtype, device=matrix.device)
    if ndim == 2:
        return j[..., 0, 0] * j[..., 1, 1] - j[..., 0, 1] * j[..., 1, 0]
    return (
        j[..., 0, 0] * (j[..., 1, 1] * j[..., 2, 2] - j[..., 1, 2] * j[..., 2, 1])
        - j[..., 0, 1] * (j[..., 1, 0] * j[..., 2, 2] - j[..., 1, 2] * j[..., 2, 0])
        + j[..., 0, 2] * (j[..., 1, 0] * j[..., 2, 1] - j[..., 1, 1] * j[..., 2, 0])
    )


def average(image: Tensor, edge: int) -> Tensor:
    """Means over cubes of ``edge`` voxels, ``(B, C, *space / edge)``; those at the far border may hold fewer."""
    pool = F.avg_pool3d if image.ndim == 5 else F.avg_pool2d
    return image if edge == 1 else pool(image, edge, ceil_mode=True, count_include_pad=False)


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Grow every spatial axis to a multiple, by repeating the edge at its high end."""
    space = image.shape[2:]
    missing = [(-size) % multiple for size in space]
    if not any(missing):
        return image
    amounts = [amount for size in reversed(missing) for amount in (0, size)]
    return F.pad(image, amounts, mode="replicate")


def crop_to(tensor: Tensor, space: Sequence[int]) -> Tensor:
    """The low corner of ``tensor`` with size ``space``: undoes ``pad_to_multiple``."""
    for axis, size in enumerate(space, start=2):
        tensor = tensor.narrow(axis, 0, size)
    return tensor
