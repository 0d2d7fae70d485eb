"""Where the moving brain lies, before anything is deformed: the prealignment, the alignment, and what they tell."""

from dataclasses import dataclass

import numpy as np

from contreg_core.errors import DataError
from contreg_core.inference.alignment import FINE_MM, align
from contreg_core.inference.coarse import Cells
from contreg_core.inference.images import Brain
from contreg_core.inference.prealignment import Prealignment, prealign
from contreg_core.inference.prediction import Alignment
from contreg_core.inference.sides import Sides, compare_sides
from contreg_core.transform.world import Affine


@dataclass(frozen=True)
class Placement:
    """``stage`` is the map of the world (RAS mm, fixed to moving) that was aligned; ``prealignment`` tells how the
    headers fit the voxels, ``sides`` whether left and right do. Where nothing was aligned the headers are believed, and
    what speaks against them is a warning.
    """

    stage: Affine
    prealignment: Prealignment
    sides: Sides
    alignment: Alignment

    @property
    def note(self) -> str:
        """What was done about headers that do not fit; empty where they do."""
        done = self.alignment != "none" and not self.prealignment.believed
        return f"prealignment: {self.prealignment}" if done else ""

    def warnings(self) -> tuple[str, ...]:
        """What a person should look at."""
        found = []
        if self.alignment == "none" and not self.prealignment.believed:
            found.append(
                f"the headers do not fit the voxels: by the images the moving brain is {self.prealignment} "
                "(register --affine affine finds its place)"
            )
        if self.sides.swapped:
            found.append(self.sides.warning)
        return tuple(found)

    def refuse_swapped(self) -> None:
        """Raise ``DataError`` where one of the two images seems mirrored."""
        if self.sides.swapped:
            raise DataError(
                self.sides.warning,
                "repair the header of the mirrored image, or leave out --strict",
                code="GEO-26",
            )


def place(moving: Brain, fixed: Brain, alignment: Alignment) -> Placement:
    """Prealign and align two brains, and compare their sides; raises as ``align`` does."""
    unit = fixed.length
    cells = Cells.of(moving, FINE_MM * unit), Cells.of(fixed, FINE_MM * unit)
    found = prealign(*cells, unit)
    stage = align(moving, fixed, alignment, turn=found.rotation)
    doubtful = alignment == "none" and not found.believed
    sides = Sides() if doubtful else compare_sides(*cells, stage, unit)
    return Placement(stage, found, sides, alignment)


def rough_stage(moving: Brain, fixed: Brain, alignment: Alignment, edge: float) -> Affine:
    """The alignment alone, at ``edge`` mm, headers that do not fit included."""
    if alignment == "none":
        return np.eye(4)
    unit = fixed.length
    turn = prealign(Cells.of(moving, FINE_MM * unit), Cells.of(fixed, FINE_MM * unit), unit).rotation
    return align(moving, fixed, alignment, edge=edge, turn=turn)
