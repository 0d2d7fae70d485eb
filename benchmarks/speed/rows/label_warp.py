"""A label map through a displacement, nearest voxel, in its own dtype."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Label warp, nearest",
    "160 x 192 x 224, uint8",
    {"contreg": "own", "voxelmorph": "peers"},
    faster={"voxelmorph": 14},
    note="voxelmorph warps labels as float32",
)


def _inputs() -> tuple[Any, Any]:
    space = data.LARGE
    return data.labels(space), data.smooth(3, space, 4.0, seed=1)


def contreg() -> Call:
    """``warp_labels``."""
    from contreg_core.labels import warp_labels

    labels, shift = _inputs()
    return lambda: warp_labels(labels, shift, "nearest")


def voxelmorph() -> Call:
    """Its SpatialTransformer on the labels as floats, as its users call it."""
    import torch
    from voxelmorph.nn.modules import SpatialTransformer

    labels, shift = _inputs()
    image, field = data.batch(labels).float(), data.batch(shift)
    transformer = SpatialTransformer(interpolation_mode="nearest")

    def call() -> Any:
        with torch.no_grad():
            return transformer(image, field)

    return call
