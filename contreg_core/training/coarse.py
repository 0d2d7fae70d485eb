"""The first part of a training sees smaller images: a step costs a fifth, and what is learned holds for the rest.

A network of convolutions, warps and local comparisons does the same at any voxel size; large displacements are learned
first, and cheaply (coarse-to-fine training as in LapIRN, Mok and Chung 2020, but of the whole network at once).
"""

from contreg_core import spatial
from contreg_core.model import Learner, Model
from contreg_core.types import Pair

EDGE = 2
"""Voxels along the cubes that become one."""


def averaged(pair: Pair) -> Pair:
    """The pair with means over cubes for voxels; its mask is where most of a cube was inside."""
    moving, fixed = (spatial.average(image, EDGE) for image in (pair.moving, pair.fixed))
    mask = None if pair.mask is None else spatial.average(pair.mask.float(), EDGE) > 0.5
    return Pair(moving, fixed, pair.subjects, mask)


def takes_averaged(model: Learner, space: tuple[int, ...]) -> bool:
    """Whether averaged images of ``space`` voxels leave more than one at the model's coarsest level."""
    return isinstance(model, Model) and max(space) > EDGE * model.encoder.multiple
