"""The field is the displacement itself: no integration."""

from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Warper
from contreg_core.constants import along_axes
from contreg_core.types import Displacement, Field


class DisplacementWarper(Warper):
    """``u = field``, resized to the image grid (Liu et al. 2020; Balakrishnan et al. 2018).

    A velocity is taken as it is, not integrated. Zero gives zero, unless ``legacy_grid``. There is no exact
    inverse and the map may fold.

    Knobs:
        padding: what a sample outside the moving image reads, "border" or "zeros".
        legacy_grid: read ``moving`` at ``(p + u) N / (N - 1) - 1/2`` along an axis of N voxels, as the
            released code of Liu et al. 2020 does: zero reads up to half a voxel off
            (paper-switches.md).
    """

    name = "displacement"
    paper = "Balakrishnan et al. 2018"

    def __init__(self, *, padding: spatial.Padding = "border", legacy_grid: bool = False) -> None:
        super().__init__()
        self.padding = padding
        self.legacy_grid = legacy_grid

    def forward(self, values: Tensor, field: Field) -> Displacement:
        """``(B, ndim, *space/scale)`` -> ``(B, ndim, *space)``, voxels of the image grid."""
        displacement = spatial.resize(values, [size * field.scale for size in values.shape[2:]])
        return _legacy(displacement) if self.legacy_grid else displacement


def _legacy(displacement: Tensor) -> Tensor:
    """The displacement that really acts when corners are normalised as aligned but sampled as not aligned."""
    space = displacement.shape[2:]
    stretch = along_axes([size / max(size - 1, 1) for size in space], displacement)
    grid = spatial.identity_grid(space, displacement)
    return (grid + displacement) * stretch - 0.5 - grid
