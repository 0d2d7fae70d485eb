"""The box of an image that is not background; what lies outside it teaches nothing and costs as much."""

from collections.abc import Iterable, Sequence

from torch import Tensor

Box = tuple[slice, ...]
"""The voxels of a part along every axis."""

MULTIPLE = 8
"""Sizes of boxes in voxels are multiples of it: three levels of a network halve them evenly, and few sizes differ."""

LEAST = 64
"""No box is smaller along an axis, but where the image is: a network of five levels still has something to halve."""


def foreground(image: Tensor) -> Box:
    """Where ``(1, 1, *space)`` is above its least value; all of it where it is of one value."""
    inside = image[0, 0] > image.min()
    if not bool(inside.any()):
        return tuple(slice(0, size) for size in inside.shape)
    places = inside.nonzero()
    return tuple(
        slice(int(first), int(last) + 1) for first, last in zip(places.amin(0), places.amax(0), strict=True)
    )


def around(boxes: Iterable[Box], space: Sequence[int]) -> Box:
    """The least allowed box in ``space`` that holds all of ``boxes``, they in its middle as far as there is room."""
    return tuple(
        _widened(min(one.start for one in along), max(one.stop for one in along), size)
        for along, size in zip(zip(*boxes, strict=True), space, strict=True)
    )


def _widened(start: int, stop: int, size: int) -> slice:
    length = min(size, max(LEAST, -(-(stop - start) // MULTIPLE) * MULTIPLE))
    first = min(max(0, start - (length - (stop - start)) // 2), size - length)
    return slice(first, first + length)


def size_of(box: Box) -> tuple[int, ...]:
    """Voxels along every axis."""
    return tuple(one.stop - one.start for one in box)
