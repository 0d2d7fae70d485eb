"""The first part of a training sees smaller images: a step costs a fifth, and what is learned holds for the rest.

A network of convolutions, warps and local comparisons does the same at any voxel size; large displacements are learned
first, and cheaply (coarse-to-fine training as in LapIRN, Mok and Chung 2020, but of the whole network at once).
"""

from contreg_core.model import Learner, Model

EDGE = 2
"""Voxels along the cubes that become one."""


def takes_averaged(model: Learner, space: tuple[int, ...]) -> bool:
    """Whether averaged images of ``space`` voxels leave more than one at the model's coarsest level."""
    return isinstance(model, Model) and max(space) > EDGE * model.encoder.multiple
