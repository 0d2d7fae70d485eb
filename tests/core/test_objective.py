"""The objective: a weighted sum, and a plugin's loss that is no scalar is named."""

import pytest
import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.errors import UnavailableError
from contreg_core.objective import Objective
from contreg_core.types import Encoding, Field, Pair, Registration

ZERO = torch.zeros(1, 2, 4, 4)
IMAGE = torch.ones(1, 1, 4, 4)
REGISTRATION = Registration(Pair(IMAGE, IMAGE), Encoding(()), Field(ZERO), ZERO, ZERO, 2 * IMAGE)


class Mean(Loss):
    """Mean of the warped image."""

    name = "mean"

    def forward(self, registration: Registration) -> Tensor:
        return registration.warped.mean()


class Map(Loss):
    """Forgets to average."""

    name = "map"

    def forward(self, registration: Registration) -> Tensor:
        return registration.warped


class Wide(Mean):
    """Has a length in voxels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def coarsened(self, edge: int) -> "Wide":
        return Wide(self.width // edge)


def test_coarse_images_have_coarse_lengths() -> None:
    objective = Objective({"a": (0.5, Wide(8)), "b": (3.0, Mean())})
    coarse = objective.coarsened(4)
    assert coarse.term("a").width == 2
    assert coarse.term("b") is objective.term("b")
    assert coarse.weights == objective.weights
    assert objective.term("a").width == 8


def test_the_total_is_weighted_and_the_terms_are_not() -> None:
    value = Objective({"a": (0.5, Mean()), "b.c": (3.0, Mean())})(REGISTRATION)
    assert value.total == 7.0
    assert value.terms == {"a": 2.0, "b.c": 2.0}


def test_a_loss_that_is_no_scalar_is_named_with_its_shape() -> None:
    with pytest.raises(UnavailableError, match=r"'map' gave a tensor of \(1, 1, 4, 4\)"):
        Objective({"map": (1.0, Map())})(REGISTRATION)
