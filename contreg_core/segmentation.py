"""A supervised model: a segmenter behind what every network of this kind needs around it; images in, logits out."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.components import Segmenter
from contreg_core.errors import UnavailableError
from contreg_core.model import Learner
from contreg_core.ranks import total
from contreg_core.types import Image, Labelled, Segmented

_BACKGROUND = 20.0
"""Logit of the background, the others being 0, where the network does not look: exp(-20) is no share at all."""


class SegmentationModel(Learner):
    """``model(image)`` gives logits ``(B, classes, *space)`` of an image ``(B, 1, *space)`` of any size.

    Only the box of what is not 0 goes through the network: outside it is background. So the answer does not depend on
    how much emptiness lies around a brain, though norms average over all that they see.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        super().__init__()
        self.segmenter = segmenter

    def forward(self, image: Image) -> Tensor:
        """Logits, float32."""
        box = brain_box(image)
        inside = self._inside(_cut(image, box))
        logits = inside.new_zeros(image.shape[0], inside.shape[1], *image.shape[2:])
        logits[:, 0] = _BACKGROUND
        _cut(logits, box).copy_(inside)
        return logits

    def __call__(self, image: Image) -> Tensor:
        logits: Tensor = super().__call__(image)
        return logits

    def study(self, batch: Labelled, needed: frozenset[str]) -> Segmented:
        """Logits and truth inside the box: nothing is to be learned of the emptiness around it."""
        box = brain_box(batch.image)
        return Segmented(self._inside(_cut(batch.image, box)), _cut(batch.classes, box))

    def _inside(self, image: Image) -> Tensor:
        space = image.shape[2:]
        missing = [(-size) % self.segmenter.multiple for size in space]
        padded = F.pad(image, [side for amount in reversed(missing) for side in (0, amount)])
        logits = self.segmenter(padded).float()
        if logits.shape[2:] != padded.shape[2:]:
            raise UnavailableError(
                f"segmenter '{self.segmenter.name}' gave logits on the grid {tuple(logits.shape[2:])}, "
                f"expected that of the image, {tuple(padded.shape[2:])}",
                "for its author: let forward end at the size it began with",
            )
        return _cut(logits, [(0, size) for size in space])


Box = Sequence[tuple[int, int]]


def brain_box(image: Image) -> list[tuple[int, int]]:
    """(first, number) of voxels along each axis: all that is not 0 in any image of the batch; all where all is 0."""
    axes = range(2, image.ndim)
    counts = [(image != 0).sum(dim=[axis for axis in range(image.ndim) if axis != own]) for own in axes]
    of_all_ranks = total(torch.cat(counts)).cpu().split(list(image.shape[2:]))
    return [_extent(count) for count in of_all_ranks]


def _extent(counts: Tensor) -> tuple[int, int]:
    places = torch.nonzero(counts)
    if not len(places):
        return 0, len(counts)
    first = int(places[0])
    return first, int(places[-1]) - first + 1


def _cut(tensor: Tensor, box: Box) -> Tensor:
    for axis, (first, size) in enumerate(box, start=2):
        tensor = tensor.narrow(axis, first, size)
    return tensor
