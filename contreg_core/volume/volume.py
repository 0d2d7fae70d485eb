"""The noun: voxels and where they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Volume:
    """``array`` (3-D) and ``affine`` (4x4 float64, voxel -> RAS mm).

    ``oriented`` is false where the file stores no orientation (Analyze 7.5, NIfTI without a form): the affine
    then has the right spacing and guessed directions. ``notes`` say what a reader had to repair.
    """

    array: NDArray[np.generic]
    affine: NDArray[np.float64]
    oriented: bool = True
    notes: tuple[str, ...] = ()
