"""An image through a displacement, linear."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Image warp",
    "160 x 192 x 224, linear, zeros outside",
    {"contreg": "own", "voxelmorph": "peers", "monai": "peers"},
    faster={"voxelmorph": 6},
    note="gathers of eight neighbours; arithmetic bound, not memory bound",
)


def _inputs() -> tuple[Any, Any]:
    space = data.LARGE
    return data.batch(data.image(space)), data.batch(data.smooth(3, space, 4.0, seed=1))


def contreg() -> Call:
    """The kernel behind ``spatial.warp``."""
    from contreg_core import spatial

    image, shift = _inputs()
    return lambda: spatial.warp(image, shift, padding="zeros")


def voxelmorph() -> Call:
    """Its SpatialTransformer, whose grid is made once."""
    import torch
    from voxelmorph.nn.modules import SpatialTransformer

    image, shift = _inputs()
    transformer = SpatialTransformer()

    def call() -> Any:
        with torch.no_grad():
            return transformer(image, shift)

    return call


def monai() -> Call:
    """Its Warp block, on torch's sampler."""
    import torch
    from monai.networks.blocks import Warp

    image, shift = _inputs()
    warp = Warp(mode="bilinear", padding_mode="zeros")

    def call() -> Any:
        with torch.no_grad():
            return warp(image, shift)

    return call
