"""A trained segmenter with what it needs to meet new images."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.classes import LabelClass
from contreg_core.engine import Engine
from contreg_core.recipe import Recipe
from contreg_core.segmentation import SegmentationModel


@dataclass(frozen=True)
class TrainedSegmenter:
    """``probabilities(image)`` of a preprocessed array; ``record`` is the checkpoint's own description."""

    model: SegmentationModel
    recipe: Recipe
    engine: Engine
    record: Mapping[str, Any]

    @property
    def prediction(self) -> tuple[str, ...]:
        """What is done to the network's own answer: nothing."""
        return ()

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The Nyul landmarks the training images were standardised with, if any."""
        return tuple(float(value) for value in self.record["data"]["landmarks"])

    @cached_property
    def classes(self) -> tuple[LabelClass, ...]:
        """What it tells apart, background left out."""
        return tuple(LabelClass.read(one) for one in self.record["data"]["classes"])

    def numbers(self, image: NDArray[np.float32]) -> NDArray[np.int64]:
        """Image ``(*space)`` -> class numbers of the same shape: k for ``classes[k - 1]``, 0 background."""
        return class_numbers(self.model, self.engine, image)

    def probabilities(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Image ``(*space)`` -> ``(1 + classes, *space)``, background first, summing to 1."""
        shares: NDArray[np.float32] = (
            torch.softmax(_logits(self.model, self.engine, image), 1)[0].cpu().numpy()
        )
        return shares


def class_numbers(model: SegmentationModel, engine: Engine, image: NDArray[np.float32]) -> NDArray[np.int64]:
    """The likeliest class of every voxel; the model is left in evaluation mode."""
    numbers: NDArray[np.int64] = _logits(model, engine, image).argmax(1)[0].cpu().numpy()
    return numbers


@torch.inference_mode()
def _logits(model: SegmentationModel, engine: Engine, image: NDArray[np.float32]) -> torch.Tensor:
    model.eval()
    tensor = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None].to(engine.device)
    with engine.autocast():
        return model(tensor)
