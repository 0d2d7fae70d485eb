"""Laws of losses that read the logits of a segmenter."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from contreg_core.components import SegmentationLoss
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import demand, laws
from contreg_core.conformance.samples import BOTH, ODD
from contreg_core.conformance.segmenter import CLASSES
from contreg_core.conformance.slopes import demand_slopes
from contreg_core.types import Segmented


class SegmentationLossCase(Case[SegmentationLoss]):
    """A loss, logits drawn at random, and classes in blocks."""

    splits = False

    def segmented(self, ndim: int, rows: tuple[int, ...] = (0, 1)) -> Segmented:
        """Logits beside the truth."""
        generator = torch.Generator().manual_seed(1)
        logits = torch.randn([2, CLASSES, *ODD[ndim]], generator=generator)
        classes = torch.randint(CLASSES, [2, 1, *ODD[ndim]], generator=generator)
        return Segmented(logits[list(rows)], classes[list(rows)])

    def answer(
        self, part: SegmentationLoss, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu"
    ) -> Answer:
        """The value."""
        found = self.segmented(ndim, rows)
        return (part(Segmented(found.logits.to(device), found.classes.to(device))),)


def value_is_a_scalar(case: SegmentationLossCase) -> None:
    """The value is one float32 number, for a batch of one and of two, in 2-D and 3-D."""
    for ndim in BOTH:
        for rows in ((0,), (0, 1)):
            (value,) = case.answer(case.make(ndim), ndim, rows)
            demand(value.ndim == 0 and value.dtype == torch.float32, f"{tuple(value.shape)} {value.dtype}")


def gradient_flows(case: SegmentationLossCase) -> None:
    """A finite gradient that is not zero reaches the logits."""
    for ndim in BOTH:
        gradient = _gradient(case.make(ndim), case.segmented(ndim))
        demand(bool(gradient.isfinite().all()), "the gradient is not finite")
        demand(bool(gradient.any()), "the gradient is zero")


def gradient_is_right(case: SegmentationLossCase) -> None:
    """In float64 the gradient is the slope of the value, by central differences, to a hundredth."""
    for ndim in BOTH:
        part, start = case.make(ndim).eval().double(), case.segmented(ndim)
        start = replace(start, logits=start.logits.double())
        demand_slopes({"logits": _gradient(part, start)}, start, part)


@torch.no_grad()
def the_truth_scores_best(case: SegmentationLossCase) -> None:
    """Logits that name the true class everywhere cost less than random ones, and those less than ones always wrong."""
    for ndim in BOTH:
        part, segmented = case.make(ndim).eval(), case.segmented(ndim)
        true = 20 * F.one_hot(segmented.classes[:, 0], CLASSES).movedim(-1, 1).float()
        named = [replace(segmented, logits=logits) for logits in (true, segmented.logits, -true)]
        right, random, wrong = (float(part(one)) for one in named)
        demand(
            right < random < wrong,
            f"{right:.4g} for the truth, {random:.4g} at random, {wrong:.4g} for none of it",
        )


@torch.no_grad()
def order_of_images_is_free(case: SegmentationLossCase) -> None:
    """The value of a batch does not depend on the order of its images."""
    part = case.make(2).eval()
    (one,), (other,) = case.answer(part, 2, (0, 1)), case.answer(part, 2, (1, 0))
    demand(
        torch.allclose(one, other, rtol=1e-4), f"{float(one):.6g}, and {float(other):.6g} in the other order"
    )


def _gradient(part: SegmentationLoss, segmented: Segmented) -> Tensor:
    logits = segmented.logits.detach().requires_grad_()
    value = part(replace(segmented, logits=logits))
    demand(value.requires_grad, "no gradient reaches the logits")
    return torch.autograd.grad(value, logits)[0]


SEGMENTATION_LOSS = [
    *laws(value_is_a_scalar, decisive=True),
    *laws(gradient_flows, gradient_is_right, the_truth_scores_best, order_of_images_is_free),
]
