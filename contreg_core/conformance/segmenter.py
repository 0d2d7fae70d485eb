"""Laws of segmenters."""

import torch

from contreg_core.components import Segmenter
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import demand, laws
from contreg_core.conformance.samples import BOTH, brains

CLASSES = 5
_LEAST = 8


class SegmenterCase(Case[Segmenter]):
    """A segmenter of five classes and images of a size it takes."""

    def wiring(self, ndim: int) -> tuple[object, ...]:
        """One image channel, five classes."""
        return (1, CLASSES, ndim)

    def answer(self, part: Segmenter, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """The logits."""
        side = part.multiple * -(-_LEAST // part.multiple)
        images = brains((2 * side, *[side] * (ndim - 1)), batch=2).fixed
        return (part(images[list(rows)].to(device)),)


@torch.no_grad()
def logits_have_their_shape(case: SegmenterCase) -> None:
    """Logits are floating ``(B, classes, *space)`` for images of a multiple of ``multiple``."""
    for ndim in BOTH:
        part = case.make(ndim).eval()
        demand(isinstance(getattr(part, "multiple", None), int), "the constructor sets no integer 'multiple'")
        (logits,) = case.answer(part, ndim, (0, 1))
        side = part.multiple * -(-_LEAST // part.multiple)
        expected = (2, CLASSES, 2 * side, *[side] * (ndim - 1))
        demand(tuple(logits.shape) == expected, f"logits of shape {tuple(logits.shape)}, expected {expected}")
        demand(logits.is_floating_point(), f"logits of {logits.dtype}")


SEGMENTER = laws(logits_have_their_shape, decisive=True)
