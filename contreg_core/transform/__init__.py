"""Maps of the world: a displacement in RAS millimetres on a grid, its files, its algebra.

Direction everywhere: fixed points to moving points. Such a map warps images from moving to fixed, and points the other
way.
"""

from contreg_core.transform.composite import ITK_SUFFIXES, read_transform, write_composite
from contreg_core.transform.convention import CONVENTIONS, FieldFormat
from contreg_core.transform.field_file import read_field, sidecar_path, write_field
from contreg_core.transform.operations import (
    best_affine,
    compose,
    invert,
    jacobian_determinant,
    map_points,
    resample,
)
from contreg_core.transform.world import Grid, WorldField, warp_image_to, warp_labels_to, world_field

__all__ = [
    "CONVENTIONS",
    "ITK_SUFFIXES",
    "FieldFormat",
    "Grid",
    "WorldField",
    "best_affine",
    "compose",
    "invert",
    "jacobian_determinant",
    "map_points",
    "read_field",
    "read_transform",
    "resample",
    "sidecar_path",
    "warp_image_to",
    "warp_labels_to",
    "world_field",
    "write_composite",
    "write_field",
]
