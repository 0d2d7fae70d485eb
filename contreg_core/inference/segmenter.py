"""A trained segmenter with what it needs to meet new images."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from contreg_core.classes import LabelClass
from contreg_core.engine import Engine
from contreg_core.inference.checkpointed import Trained
from contreg_core.segmentation import SegmentationModel


@dataclass(frozen=True)
class TrainedSegmenter(Trained[SegmentationModel]):
    """``probabilities(image)`` of a preprocessed array."""

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
    with engine.autocast():
        return model(engine.batch(image))
