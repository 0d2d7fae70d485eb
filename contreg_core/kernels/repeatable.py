"""Forms whose gradients are the same bits on every call on a GPU too, for ``--deterministic``.

Their backward passes add into one place from many: under ``torch.use_deterministic_algorithms`` torch does that in a
fixed order for ``index_select``, and has no such form of ``grid_sample`` and ``interpolate`` (reliability.md).
"""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor


def wanted() -> bool:
    """Whether torch was told to be deterministic."""
    return torch.are_deterministic_algorithms_enabled()


def gathered(image: Tensor, coordinates: Tensor, *, zeros: bool) -> Tensor:
    """``image`` ``(B, C, *space)`` at voxel ``coordinates`` ``(B, ndim, *out)`` -> ``(B, C, *out)``, linear.

    ``zeros`` reads 0 outside, otherwise the edge is repeated. A point that is not finite reads NaN.
    """
    sizes = image.shape[2:]
    # Along an axis of one voxel torch reads that voxel wherever the point is.
    held = [size - 1 if size == 1 or not zeros else None for size in sizes]
    axes = [
        axis if most is None else axis.clamp(0, most)
        for axis, most in zip(coordinates.unbind(1), held, strict=True)
    ]
    coordinates = torch.stack(axes, dim=1)
    low = coordinates.detach().floor()
    upper = coordinates - low
    flat = image.movedim(1, 0).reshape(image.shape[1], -1)
    values = None
    for corner in product((0, 1), repeat=len(sizes)):
        weight, index = _corner(low, upper, corner, sizes)
        read = flat.index_select(1, index.reshape(-1)).reshape(-1, *index.shape).movedim(0, 1)
        values = read * weight[:, None] if values is None else values + read * weight[:, None]
    assert values is not None
    return values


def _corner(low: Tensor, upper: Tensor, corner: Sequence[int], sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Weight and place, in the flattened batch, of one of the neighbours; weight 0 outside the grid."""
    batch = torch.arange(low.shape[0], device=low.device)
    index = batch.view(-1, *([1] * (low.ndim - 2))).expand(low.shape[0], *low.shape[2:])
    weight = torch.ones_like(low[:, 0])
    for k, (step, size) in enumerate(zip(corner, sizes, strict=True)):
        place = low[:, k] + step
        inside = ~((place < 0) | (place > size - 1))  # NaN is kept: its weight is NaN
        weight = weight * torch.where(inside, upper[:, k] if step else 1 - upper[:, k], 0)
        index = index * size + place.nan_to_num().clamp(0, size - 1).long()
    return weight, index


def stretched(values: Tensor, space: Sequence[int]) -> Tensor:
    """``(B, C, *old)`` -> ``(B, C, *space)``, linear, corners aligned."""
    for axis, size in enumerate(space, start=2):
        old = values.shape[axis]
        if old == size:
            continue
        place = torch.arange(size, dtype=torch.float64) * ((old - 1) / max(size - 1, 1))
        low = place.floor().clamp(max=max(old - 2, 0)).long()
        part = (place - low).to(values).view(-1, *([1] * (values.ndim - 1 - axis)))
        low = low.to(values.device)
        lower, upper = (values.index_select(axis, (low + step).clamp(max=old - 1)) for step in (0, 1))
        values = lower + (upper - lower) * part
    return values


def halved(image: Tensor) -> Tensor:
    """Means of 3 voxels an axis, every second one, those outside left out: ``(B, C, *space)`` -> half, rounded up."""
    for axis in range(2, image.ndim):
        image = _sums(image, axis) / _sums(torch.ones_like(image), axis)
    return image


def _sums(image: Tensor, axis: int) -> Tensor:
    edge = torch.zeros_like(image.narrow(axis, 0, 1))
    padded = torch.cat([edge, image, edge, edge], dim=axis)
    count = (image.shape[axis] + 1) // 2
    steps = torch.arange(count, device=image.device) * 2
    first, second, third = (padded.index_select(axis, steps + shift) for shift in range(3))
    return first + second + third
