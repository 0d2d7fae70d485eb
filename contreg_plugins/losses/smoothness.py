"""Gradient penalties on the field."""

from typing import Literal

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.types import Registration


class GradientL2(Loss):
    """``1/ndim sum_axes mean (d_axis f)^2`` with forward differences (Balakrishnan et al. 2019).

    Knobs:
        of: "field" (the drawn field on its own grid), "mean" (its mean) or "displacement" (on the image grid).
    """

    name = "gradient-l2"
    paper = "Balakrishnan et al. 2019"

    def __init__(self, *, of: Literal["field", "mean", "displacement"] = "field") -> None:
        super().__init__()
        self.of = of

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> mean squared forward difference."""
        values = {
            "field": registration.drawn,
            "mean": registration.field.mean,
            "displacement": registration.displacement,
        }[self.of]
        return gradient_l2(values)


def gradient_l2(values: Tensor) -> Tensor:
    """The penalty of a ``(B, C, *space)`` field: means over each axis' differences, averaged over the axes."""
    terms = [values.diff(dim=axis).square().mean() for axis in range(2, values.ndim)]
    return torch.stack(terms).mean()
