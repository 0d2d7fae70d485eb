"""Displacements in the world (directions.md): from a working grid to RAS millimetres on any image's own grid.

Direction everywhere: a displacement on the fixed grid leads from fixed points to moving points (pull-back).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from contreg_core import spatial
from contreg_core.errors import DataError
from contreg_core.labels import LabelMode
from contreg_core.volume import Volume
from contreg_core.volume.background import background_of

Affine = NDArray[np.float64]
_POLISH = 4
"""Steps that take an inverse read between voxels from hundredths of a millimetre to thousandths."""
_FARTHEST_MM = 1e4


@dataclass(frozen=True)
class Grid:
    """Where voxels are: ``affine`` (4x4, voxel -> RAS mm) and ``shape``."""

    affine: Affine
    shape: tuple[int, ...]

    @classmethod
    def of(cls, volume: Volume) -> "Grid":
        """The grid of a volume."""
        return cls(volume.affine, volume.array.shape)


@dataclass(frozen=True)
class WorldField:
    """``vectors`` ``(3, *grid.shape)`` float32, RAS mm: the point at voxel ``v`` goes to ``A v + vectors(v)``."""

    vectors: NDArray[np.float32]
    grid: Grid

    def voxels(self, other: Affine) -> NDArray[np.float32]:
        """``A_other^-1 (A v + u(v)) - v``: the same map, from voxels of its grid to voxels of another image."""
        inverse = np.linalg.inv(other)
        moved = np.tensordot(inverse[:3, :3].astype(np.float32), self.vectors, axes=1)
        return moved + affine_part(inverse @ self.grid.affine - np.eye(4), self.grid.shape)


def world_field(displacement: NDArray[np.float32], on: Affine, into: Affine, grid: Grid) -> WorldField:
    """``u(v) = A_V [w + d(w)] - A_F v`` with ``w = A_W^-1 A_F v``; ``d`` is sampled linearly, its edge extended.

    ``displacement`` ``(3, *space)`` leads from voxels of a working grid (affine ``on``, W) to voxels of the working
    grid of the other image (affine ``into``, V); ``grid`` is the image's own (F).
    """
    to_working = np.linalg.inv(on) @ grid.affine
    sampled = sample_affine(displacement, to_working, grid.shape)
    vectors = np.tensordot(into[:3, :3].astype(np.float32), sampled, axes=1)
    # Written as L_V d(w) + (A_V A_W^-1 - I) A_F v, so that no large coordinates cancel.
    vectors += affine_part(into @ to_working - grid.affine, grid.shape)
    return WorldField(vectors, grid)


def inverse_field(
    displacement: NDArray[np.float32], inverse: NDArray[np.float32], on: Affine, into: Affine, grid: Grid
) -> WorldField:
    """The way back on ``grid`` (M, of the moving image): ``u(m) = A_W q - A_M m`` with ``q + d(q) = A_V^-1 A_M m``.

    ``displacement`` and the grids' affines are ``world_field``'s, ``inverse`` its own inverse on the working grid. Read
    between the voxels of that grid the latter is not exact, so it is where the search for ``q`` begins.
    """
    to_working = np.linalg.inv(into) @ grid.affine
    targets = torch.from_numpy(affine_part(to_working, grid.shape))[None]
    forward, back = (torch.from_numpy(part)[None] for part in (displacement, inverse))
    start = targets + spatial.sample(back, targets)
    found = spatial.preimages(forward, targets, start, _POLISH) - targets
    vectors = np.tensordot(on[:3, :3].astype(np.float32), found[0].numpy(), axes=1)
    return WorldField(vectors + affine_part(on @ to_working - grid.affine, grid.shape), grid)


def check_reach(name: object, vectors: NDArray[np.floating[Any]]) -> None:
    """Refuse displacements (mm) that are not finite or longer than any scanner; raises ``DataError``."""
    longest = float(np.abs(vectors).max(initial=0))
    if not longest <= _FARTHEST_MM:
        raise DataError(
            f"{name}: displacements of up to {longest:g} mm, expected {_FARTHEST_MM:g} at most",
            "write it again, or say in what convention it is",
            code="VAL-09",
        )


def sample_affine(array: NDArray[np.float32], matrix: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """``array(matrix v)`` for every voxel ``v`` of ``shape``, linear, the edge extended.

    ``array`` ``(*space)`` or ``(channels, *space)``; the result ``(*shape)`` or ``(channels, *shape)``.
    """
    *channels, _, _, _ = array.shape
    stacked = torch.from_numpy(np.ascontiguousarray(array, np.float32)).reshape(1, -1, *array.shape[-3:])
    sampled = spatial.sample(stacked, torch.from_numpy(affine_part(matrix, shape))[None])
    return sampled.numpy().reshape(*channels, *shape)


def positions(matrix: Affine, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """``(matrix v)[:3]`` for every voxel, ``(3, *shape)``, in full precision: large coordinates can cancel."""
    axes = _indices(shape)
    rows = [row[3] + row[0] * axes[0] + row[1] * axes[1] + row[2] * axes[2] for row in matrix[:3]]
    return np.stack(rows)


def affine_part(matrix: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The same, rounded: for small displacements and for where to sample."""
    axes = _indices(shape)
    moved = np.empty((3, *shape), np.float32)
    for out, row in zip(moved, matrix, strict=False):
        # Smallest shapes first: one pass over the whole grid a row.
        out[...] = (row[3] + row[0] * axes[0] + row[1] * axes[1]) + row[2] * axes[2]
    return moved


def warp_image_to(
    image: Volume, field: WorldField, order: int = 1, *, background: float | None = None
) -> Volume:
    """The moving image on the field's grid, linear or by a cubic B-spline (``order`` 3).

    More than half a voxel outside it is ``background``, by default the image's own (``background_of``).
    """
    displacement = torch.from_numpy(field.voxels(image.affine))[None]
    coordinates = spatial.identity_grid(field.grid.shape, displacement) + displacement
    moving = np.ascontiguousarray(image.array, dtype=np.float32)
    if order == 1:
        warped = spatial.sample(torch.from_numpy(moving)[None, None], coordinates)[0, 0].numpy()
    else:  # scipy mirrors at the edge as ITK does, and took half of ITK's time (docs/decisions/0006)
        warped = ndimage.map_coordinates(moving, coordinates[0].numpy(), order=order, mode="mirror")
    outside = _outside(displacement[0].numpy(), image.array.shape)
    if outside.any():
        warped[outside] = background_of(moving) if background is None else background
    return Volume(warped, field.grid.affine)


def warp_labels_to(labels: Volume, field: WorldField, mode: LabelMode = "linear") -> Volume:
    """The moving label map on the field's grid, ids and type kept; background more than half a voxel outside.

    ``mode`` as in ``contreg_core.labels.warp_labels``.
    """
    from contreg_core.evaluation import kernels

    displacement = field.voxels(labels.affine)
    warped = np.empty(field.grid.shape, labels.array.dtype)
    kernel = kernels.vote if mode == "linear" else kernels.nearest
    kernel(np.ascontiguousarray(labels.array), displacement, warped)
    warped[_outside(displacement, labels.array.shape)] = 0
    return Volume(warped, field.grid.affine)


def _outside(displacement: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where ``v + displacement(v)`` is beyond the outer faces of the voxels of a grid of ``size``."""
    outside = np.zeros(displacement.shape[1:], bool)
    for axis, component, n in zip(_indices(outside.shape), displacement, size, strict=True):
        position = axis + component
        outside |= (position < -0.5) | (position >= n - 0.5)
    return outside


def _indices(shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """The voxel index along each axis, shaped to be broadcast to ``shape``."""
    return [
        np.arange(float(n)).reshape([-1 if k == axis else 1 for k in range(len(shape))])
        for axis, n in enumerate(shape)
    ]
