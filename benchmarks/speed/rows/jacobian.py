"""The Jacobian determinant of a displacement."""

from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.row import Call, Row

ROW = Row("Jacobian determinant", "80 x 96 x 80", {"contreg": "own", "numpy": "own", "simpleitk": "peers"})


def contreg() -> Call:
    """One compiled pass."""
    from contreg_core.evaluation.folding import jacobian_determinant

    shift = data.smooth(3, data.SMALL, 2.0)
    return lambda: jacobian_determinant(shift)


def numpy() -> Call:
    """``np.gradient`` and cofactors."""
    shift = data.smooth(3, data.SMALL, 2.0)

    def call() -> Any:
        j = np.stack([np.stack(np.gradient(u)) for u in shift]) + np.eye(3)[:, :, None, None, None]
        a, b, c = j
        return (
            a[0] * (b[1] * c[2] - b[2] * c[1])
            - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )

    return call


def simpleitk() -> Call:
    """Its DisplacementFieldJacobianDeterminant."""
    import SimpleITK as sitk

    field = sitk.GetImageFromArray(np.moveaxis(data.smooth(3, data.SMALL, 2.0), 0, -1), isVector=True)

    def call() -> None:
        sitk.DisplacementFieldJacobianDeterminant(field)

    return call
