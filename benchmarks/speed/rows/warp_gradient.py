"""An image warp, and back to the gradient for the displacement."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Image warp, forward and backward",
    "160 x 192 x 224, gradient for the displacement",
    {"contreg": "own", "voxelmorph": "peers"},
    faster={"voxelmorph": 6},
)


def _step(warp: Any) -> Call:
    import torch

    space = data.LARGE
    image, shift = data.batch(data.image(space)), data.batch(data.smooth(3, space, 4.0, seed=1))
    shift.requires_grad_()
    weights = torch.ones_like(image)

    def call() -> Any:
        return torch.autograd.grad(warp(image, shift), shift, weights)[0]

    return call


def contreg() -> Call:
    """The kernel behind ``spatial.warp``."""
    from contreg_core import spatial

    return _step(lambda image, shift: spatial.warp(image, shift, padding="zeros"))


def voxelmorph() -> Call:
    """Its SpatialTransformer."""
    from voxelmorph.nn.modules import SpatialTransformer

    return _step(SpatialTransformer())
