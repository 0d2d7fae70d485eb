"""Maps of the world: a displacement in RAS millimetres on a grid, its files, its algebra.

Direction everywhere: fixed points to moving points. Such a map warps images from moving to fixed, and points the other
way.
"""

from contreg_core.transform.chain import Chain, Linear, OnGrid
from contreg_core.transform.chain_file import CHAIN_SUFFIXES, read_chain, read_transform
from contreg_core.transform.composite import write_composite, write_matrix
from contreg_core.transform.convention import CONVENTIONS, FieldFormat
from contreg_core.transform.field_file import field_bytes, read_declared_field, read_field, write_field
from contreg_core.transform.itk_grid import on_upright_grid, sheared, upright
from contreg_core.transform.operations import (
    best_affine,
    compose,
    inside,
    invert,
    jacobian_determinant,
    map_points,
    resample,
)
from contreg_core.transform.sidecar import of_field, sidecar_path
from contreg_core.transform.world import Grid, WorldField, warp_image_to, warp_labels_to, world_field

__all__ = [
    "CHAIN_SUFFIXES",
    "CONVENTIONS",
    "Chain",
    "FieldFormat",
    "Grid",
    "Linear",
    "OnGrid",
    "WorldField",
    "best_affine",
    "compose",
    "field_bytes",
    "inside",
    "invert",
    "jacobian_determinant",
    "map_points",
    "of_field",
    "on_upright_grid",
    "read_chain",
    "read_declared_field",
    "read_field",
    "read_transform",
    "resample",
    "sheared",
    "sidecar_path",
    "upright",
    "warp_image_to",
    "warp_labels_to",
    "world_field",
    "write_composite",
    "write_field",
    "write_matrix",
]
