"""How far a network's two answers, for a pair and for the pair swapped, are from inverse maps."""

from collections.abc import Sequence

from torch import Tensor

from contreg_core import ranks, spatial
from contreg_core.constants import along_axes
from contreg_core.types import Registration


def jittered(space: Sequence[int], like: Tensor, stride: int, *, margin: float = 0.0) -> Tensor:
    """Random voxel coordinates, one in every cell of about ``stride`` voxels: ``(B, ndim, *space/stride)``.

    They lie inside the image, ``margin`` voxels from its high end.
    """
    cells = [max(1, round((size - 1) / stride)) for size in space]
    corners = spatial.identity_grid(cells, like)
    noise = ranks.uniform(corners.expand(len(like), *corners.shape[1:]))
    edges = [max(0.0, size - 1 - margin) / count for size, count in zip(space, cells, strict=True)]
    return (corners + noise) * along_axes(edges, like)


def deviation(registration: Registration, points: Tensor) -> Tensor:
    """``E(p) = p - phi(psi(p))`` at ``(B, ndim, *any)`` voxels: phi the pair's map, psi the swapped pair's."""
    assert registration.swapped is not None, "the model gives 'swapped' where a loss needs it"
    back = points + spatial.sample(registration.swapped.displacement, points)
    return points - back - spatial.sample(registration.displacement, back)
