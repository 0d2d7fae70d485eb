"""What every network read back from a checkpoint has, whatever it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import nn

from contreg_core.engine import Engine
from contreg_core.inference.prediction import PLAIN, Prediction
from contreg_core.recipe import Recipe

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Trained(Generic[Network]):
    """``record`` is the checkpoint's own description."""

    model: Network
    recipe: Recipe
    engine: Engine
    record: Mapping[str, Any]

    @property
    def prediction(self) -> Prediction:
        """The network's own answer."""
        return PLAIN

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The Nyul landmarks the training images were standardised with, if any."""
        return tuple(float(value) for value in self.record["data"]["landmarks"])
