"""Verified volumes in and out: an array and its affine, never one without the other."""

from contreg_core.volume.choice import AS_IT_SAYS, ReadChoice
from contreg_core.volume.geometry import (
    axis_codes,
    corners_apart,
    crop_or_pad,
    like_stored,
    spacing,
    to_ras,
    with_orientation,
)
from contreg_core.volume.read import VectorVolume, form_code, read_place, read_vectors, read_volume
from contreg_core.volume.resample import resample
from contreg_core.volume.volume import Volume
from contreg_core.volume.write import write_volume

__all__ = [
    "AS_IT_SAYS",
    "ReadChoice",
    "VectorVolume",
    "Volume",
    "axis_codes",
    "corners_apart",
    "crop_or_pad",
    "form_code",
    "like_stored",
    "read_place",
    "read_vectors",
    "read_volume",
    "resample",
    "spacing",
    "to_ras",
    "with_orientation",
    "write_volume",
]
