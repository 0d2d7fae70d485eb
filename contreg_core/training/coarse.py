"""The first part of a training sees smaller images: a step costs a fifth, and what is learned holds for the rest.

A network of convolutions, warps and local comparisons does the same at any voxel size; large displacements are learned
first, and cheaply (coarse-to-fine training as in LapIRN, Mok and Chung 2020, but of the whole network at once).
"""

from contreg_core.model import Learner, Model

EDGE = 2
"""Voxels along the cubes that become one."""

WHOLE_EVERY = 16
"""Even then a network sees whole images once in so many steps: one that had not for 1,900 steps registered averaged
images well, and threw whole ones, whose displacements are twice as long in voxels, out of the head.
"""


def sees_averaged(step: int, coarse: int) -> bool:
    """Whether a step (0-based) of a training whose coarse part is so long sees averaged images."""
    return step < coarse and step % WHOLE_EVERY != WHOLE_EVERY - 1


def takes_averaged(model: Learner, space: tuple[int, ...]) -> bool:
    """Whether averaged images of ``space`` voxels leave more than one at the model's coarsest level."""
    return isinstance(model, Model) and max(space) > EDGE * model.encoder.multiple
