"""Grids as ITK has them: spacing, origin and unit directions, in LPS."""

import numpy as np
import SimpleITK as sitk

from contreg_core.transform.world import Affine, Grid
from contreg_core.volume import spacing

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""RAS to LPS and back, homogeneous."""


def columns(grid: Grid) -> Affine:
    """Unit vectors of the three axes, as columns; at right angles unless the grid is sheared."""
    found: Affine = (LPS @ grid.affine)[:3, :3] / spacing(grid.affine)
    return found


def place(image: sitk.Image, grid: Grid, directions: Affine) -> None:
    """Put an image of ITK where ``grid`` is; ``directions`` must be a rotation, which ITK cannot do without."""
    image.SetSpacing(spacing(grid.affine))
    image.SetOrigin((LPS @ grid.affine)[:3, 3].tolist())
    image.SetDirection(directions.ravel().tolist())
