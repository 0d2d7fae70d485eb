"""A label map through a displacement: the label whose linearly warped one-hot map is largest."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Label warp, linear vote",
    "80 x 96 x 112, 56 labels",
    {"contreg": "own", "voxelmorph": "peers"},
    note="voxelmorph warps 57 one-hot maps and takes the largest",
)


def _inputs() -> tuple[Any, Any]:
    return data.labels(data.HALF), data.smooth(3, data.HALF, 2.0, seed=1)


def contreg() -> Call:
    """``warp_labels``, without one-hot maps."""
    from contreg_core.labels import warp_labels

    labels, shift = _inputs()
    return lambda: warp_labels(labels, shift)


def voxelmorph() -> Call:
    """One-hot, warped, argmax."""
    import torch
    from voxelmorph.nn.modules import SpatialTransformer

    labels, shift = _inputs()
    numbers, field, transformer = data.batch(labels).long(), data.batch(shift), SpatialTransformer()

    def call() -> Any:
        with torch.no_grad():
            maps = torch.nn.functional.one_hot(numbers[:, 0], 57).movedim(-1, 1).float()
            return transformer(maps, field).argmax(1)

    return call
