"""Scaling and squaring of a stationary velocity."""

from typing import Any

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row(
    "Scaling and squaring, 7 steps",
    "80 x 96 x 112",
    {"contreg": "own", "voxelmorph": "peers"},
    faster={"voxelmorph": 6},
)


def _velocity() -> Any:
    return data.batch(data.smooth(3, data.HALF, 2.0))


def contreg() -> Call:
    """The kernel behind ``spatial.integrate``."""
    from contreg_core import spatial

    velocity = _velocity()
    return lambda: spatial.integrate(velocity, 7)


def voxelmorph() -> Call:
    """Its IntegrateVelocityField."""
    import torch
    from voxelmorph.nn.modules import IntegrateVelocityField

    velocity, integrate = _velocity(), IntegrateVelocityField(steps=7)

    def call() -> Any:
        with torch.no_grad():
            return integrate(velocity)

    return call
