"""Label maps carried through a displacement, ids and dtype kept."""

from typing import Literal, TypeAlias, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from contreg_core.errors import DataError, UsageError

LabelMode: TypeAlias = Literal["nearest", "linear"]
_MOST_IDS = 1000
"""More than any atlas of a brain has regions."""
Ids = TypeVar("Ids", bound=np.integer)


def warp_labels(
    labels: NDArray[Ids], displacement: NDArray[np.float32], mode: LabelMode = "linear"
) -> NDArray[Ids]:
    """``labels(p + u(p))``: moving label map ``(*space)`` by a displacement ``(ndim, *space)`` in voxels,
    2-D or 3-D.

    ``"linear"`` gives the label whose linearly interpolated one-hot map is largest, without making the
    one-hot maps: the 2^ndim voxels around ``p + u(p)`` vote with their linear weights, ties go to the
    lowest id. ``"nearest"`` reads the nearest voxel, halves to even. Beyond the grid the border voxel is
    read, as images are (border padding).

    Raises ``UsageError`` for another mode and ``DataError`` for shapes that do not fit or a displacement
    that is not finite.
    """
    from contreg_core.evaluation import kernels

    _check(labels, displacement, mode)
    kernel = kernels.vote if mode == "linear" else kernels.nearest
    native = np.ascontiguousarray(labels, dtype=labels.dtype.newbyteorder("="))
    volume = native if labels.ndim == 3 else native[None]
    warped = np.empty_like(volume)
    broken = kernel(volume, kernels.three_axes(displacement), warped)
    if broken:
        raise DataError(
            f"displacement not finite at {broken} of {volume.size} voxels, expected numbers of voxels",
            "the model diverged on this pair: train with a lower rate, or use another model",
        )
    return warped.reshape(labels.shape).astype(labels.dtype, copy=False)


def seems_labels(array: NDArray[np.generic]) -> bool:
    """Whether a volume read as an image looks like a label map: whole numbers, not many, in patches of one.

    What is most frequent is background, and counts for nothing.
    """
    if not np.array_equal(array, np.rint(array)):
        return False
    ids, counts = np.unique(array, return_counts=True)
    if len(ids) > _MOST_IDS:
        return False
    background = ids[counts.argmax()]
    alike = present = 0
    for axis in range(array.ndim):
        one, other = (np.delete(array, end, axis) for end in (0, -1))
        told = (one != background) | (other != background)
        alike += int((one == other)[told].sum())
        present += int(told.sum())
    return 2 * alike > present


def _check(labels: NDArray[Ids], displacement: NDArray[np.float32], mode: str) -> None:
    if mode not in get_args(LabelMode):
        raise UsageError(
            f"label mode {mode!r} is not known", f"choose one of {', '.join(get_args(LabelMode))}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"label map of type {labels.dtype}, expected integers", "round the label map to integer ids"
        )
    if labels.ndim not in (2, 3) or displacement.shape != (labels.ndim, *labels.shape):
        raise DataError(
            f"label map {labels.shape} and displacement {displacement.shape}, expected one grid",
            "resample the label map to the grid of the displacement first",
        )
