"""What registers two images of one grid: a trained model, a solver, or one of them asked in another way."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from contreg_core.components import Warper
from contreg_core.inference.prediction import Prediction
from contreg_core.recipe import Recipe
from contreg_core.types import Registration


class Registrar(Protocol):
    """What is asked of a ``TrainedModel``; anything that does the same may stand in for it."""

    @property
    def recipe(self) -> Recipe:
        """Its ``preprocessing`` says how images are prepared."""

    @property
    def prediction(self) -> Prediction:
        """What is done to the network's own answer."""

    @property
    def landmarks(self) -> Sequence[float]:
        """Nyul landmarks of the training images, if any."""

    @property
    def record(self) -> Mapping[str, Any]:
        """The checkpoint's description of itself."""

    @property
    def invertible(self) -> bool:
        """Whether ``register`` gives an inverse of its own."""

    @property
    def sampler(self) -> Warper | None:
        """What turns draws of its fields into displacements, where they have a variance."""

    def register(
        self, moving: NDArray[np.float32], fixed: NDArray[np.float32], *, inverse: bool = False
    ) -> Registration:
        """Two ``(*space)`` images on one grid -> displacement in voxels of it."""
