"""Laws of losses that read registrations."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import LeftOutError, demand, described, laws, listing
from contreg_core.conformance.parts import FACTS, IMAGES, LEAVES, MAPS, MOTION, STRUCTURES, VECTORS, Parts
from contreg_core.conformance.samples import BOTH
from contreg_core.conformance.slopes import demand_slopes
from contreg_core.types import Compared

_ROUGH = 2.0


class LossCase(Case[Loss]):
    """A loss and registrations with what it needs and nothing else."""

    splits = False

    @property
    def repeats(self) -> bool:
        """False for a loss that draws points or noise."""
        part, parts = self.make(2).eval(), Parts.of(2)
        values = [self.value(part, parts, seed=seed) for seed in (1, 2)]
        return torch.equal(*values)

    def value(
        self, part: Loss, parts: Parts, *, facts: frozenset[str] | None = None, seed: int = 1
    ) -> Tensor:
        """The loss, asked with one seed."""
        torch.manual_seed(seed)
        return part(parts.registration(part.needed() if facts is None else facts))

    def answer(self, part: Loss, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """The value."""
        parts = Parts.of(ndim, len(rows)).map(lambda tensor: tensor.to(device))
        subjects = parts.pair.subjects
        assert subjects is not None
        parts = replace(parts, pair=replace(parts.pair, subjects=subjects.to(device)))
        return (part(parts.registration(part.needed())),)

    def gradients(self, part: Loss, parts: Parts) -> dict[str, Tensor]:
        """The gradient of every tensor that has one."""
        leaves = {name: getattr(parts, name).detach().requires_grad_() for name in LEAVES}
        value = self.value(part, replace(parts, **leaves))
        demand(value.requires_grad, "no gradient reaches anything it reads")
        found = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
        return {name: one for name, one in zip(leaves, found, strict=True) if one is not None}

    def reads(self, names: Iterable[str]) -> bool:
        """Whether its gradient reaches one of these tensors."""
        found = self.gradients(self.make(2).eval(), Parts.of(2))
        return any(bool(found[name].any()) for name in names if name in found)


def needs_are_complete(case: LossCase) -> None:
    """It works with what it needs and nothing else: what a loss reads beside the images, it declares in ``needs``."""
    for ndim in BOTH:
        part, parts = case.make(ndim).eval(), Parts.of(ndim)
        try:
            case.value(part, parts)
        except Exception as error:
            case.value(part, parts, facts=FACTS)  # fails for another reason, if this fails too
            lacking = [
                fact for fact in sorted(FACTS - part.needed()) if _fails_without(case, part, parts, fact)
            ]
            demand(False, f"reads {listing(lacking)} and does not declare it ({described(error)})")


def _fails_without(case: LossCase, part: Loss, parts: Parts, fact: str) -> bool:
    try:
        case.value(part, parts, facts=FACTS - {fact})
    except Exception:
        return True
    return False


def needs_are_used(case: LossCase) -> None:
    """Every fact in ``needs`` makes a difference: a need forbids recipes, and "swapped" doubles the work."""
    part, parts = case.make(2).eval(), Parts.of(2)
    value = case.value(part, parts)
    for fact in sorted(part.needed() & FACTS):
        try:
            without = case.value(part, parts, facts=part.needed() - {fact})
        except Exception:
            continue
        demand(not torch.equal(value, without), f"declares '{fact}' and gives the same value without it")


def value_is_a_scalar(case: LossCase) -> None:
    """The value is one float32 number, for a batch of one and of two, in 2-D and 3-D, in training and at test."""
    for ndim in BOTH:
        for batch in (1, 2):
            for training in (True, False):
                value = case.value(case.make(ndim).train(training), Parts.of(ndim, batch))
                told = f"{tuple(value.shape)} {value.dtype} in {ndim}-D, batch of {batch}"
                demand(value.ndim == 0 and value.dtype == torch.float32, told)


def empty_images_are_no_trouble(case: LossCase) -> None:
    """Where both images are 0 throughout, value and gradient are finite."""
    for ndim in BOTH:
        parts = _with_images(Parts.of(ndim), torch.zeros_like, torch.zeros_like)
        part = case.make(ndim)
        demand(bool(case.value(part, parts).isfinite()), f"an empty pair in {ndim}-D gives nan or infinity")
        _demand_finite(case.gradients(part, parts), "an empty pair")


def gradient_flows(case: LossCase) -> None:
    """A gradient reaches something that a model makes; it is finite and not zero, for equal images too."""
    for ndim in BOTH:
        part, parts = case.make(ndim), Parts.of(ndim)
        found = [case.gradients(part, one) for one in (parts, _with_motion(parts, _ROUGH))]
        demand(
            any(bool(one.any()) for tensors in found for one in tensors.values()), "every gradient is zero"
        )
        _demand_finite(found[0], "a pair")
        _demand_finite(case.gradients(part, _matched(parts)), "a pair of equal images")


def gradient_is_right(case: LossCase) -> None:
    """In float64 the gradient is the slope of the value, by central differences, to a hundredth."""
    for ndim in BOTH:
        part = case.make(ndim).eval().double()
        parts = Parts.of(ndim).map(lambda tensor: tensor.double())
        parts = _with_images(parts, _inside, _inside)
        found = case.gradients(part, parts)
        demand_slopes(found, parts, partial(case.value, part))


@torch.no_grad()
def equal_images_score_best(case: LossCase) -> None:
    """A loss that compares images is lower where warped and fixed image are one than for a shifted or another one."""
    if not _reads(case, IMAGES):
        raise LeftOutError("its gradient does not reach the warped image")
    for ndim in BOTH:
        part, parts = case.make(ndim).eval(), Parts.of(ndim)
        best = float(case.value(part, _matched(parts)))
        shifted = _with_images(_matched(parts), lambda image: image.roll(3, -1), lambda image: image)
        others = {"shifted by 3 voxels": float(case.value(part, shifted))}
        others["another brain"] = float(case.value(part, parts))
        for what, value in others.items():
            demand(best < value, f"{best:.4g} for equal images, {value:.4g} for {what}, in {ndim}-D")


@torch.no_grad()
def still_maps_score_best(case: LossCase) -> None:
    """A loss of the map alone is no higher where nothing moves than where neighbours move apart at random."""
    if _reads(case, (*IMAGES, *VECTORS, *MAPS)) or not _reads(case, MOTION):
        raise LeftOutError("it reads images or embeddings, or no map")
    for ndim in BOTH:
        part, parts = case.make(ndim).eval(), Parts.of(ndim)
        still, rough = (_with_motion(parts, size) for size in (0.0, _ROUGH))
        low, high = float(case.value(part, still)), float(case.value(part, rough))
        demand(low < high, f"{low:.4g} where nothing moves, {high:.4g} for a rough map, in {ndim}-D")


@torch.no_grad()
def matching_embeddings_score_best(case: LossCase) -> None:
    """A loss that compares embeddings is lower where those of a pair agree than where they are drawn at random."""
    for moving, fixed in (VECTORS, MAPS):
        if not _reads(case, (moving, fixed)):
            continue
        for ndim in BOTH:
            part, parts = case.make(ndim).eval(), _with_motion(Parts.of(ndim), 0.0)
            agreeing = replace(parts, **{moving: getattr(parts, fixed)})
            low, high = float(case.value(part, agreeing)), float(case.value(part, parts))
            demand(low < high, f"{low:.4g} for equal embeddings, {high:.4g} for random ones, in {ndim}-D")
        return
    raise LeftOutError("its gradient reaches no embedding")


@torch.no_grad()
def order_of_pairs_is_free(case: LossCase) -> None:
    """The value of a batch does not depend on the order of its pairs."""
    if not case.repeats:
        raise LeftOutError("it draws at random")
    for ndim in BOTH:
        part, parts = case.make(ndim).eval(), Parts.of(ndim)
        pair = parts.pair
        assert pair.subjects is not None
        turned = parts.map(lambda tensor: tensor.flip(0))
        turned = replace(turned, pair=replace(turned.pair, subjects=pair.subjects.flip(0)))
        one, other = float(case.value(part, parts)), float(case.value(part, turned))
        demand(abs(one - other) <= 1e-4 * abs(one) + 1e-7, f"{one:.6g}, and {other:.6g} in the other order")


@torch.no_grad()
def coarsened_is_a_loss(case: LossCase) -> None:
    """``coarsened(2)`` is a loss for images of half the size, with the same needs."""
    part = case.make(2).eval()
    coarse = part.coarsened(2)
    demand(isinstance(coarse, Loss), f"coarsened(2) is a {type(coarse).__name__}")
    demand(coarse.needed() == part.needed(), f"coarsened(2) needs {listing(coarse.needed())}")
    demand(bool(case.value(coarse.eval(), Parts.of(2)).isfinite()), "coarsened(2) gives nan or infinity")


def _reads(case: LossCase, names: Iterable[str]) -> bool:
    with torch.enable_grad():
        return case.reads(names)


def _demand_finite(gradients: dict[str, Tensor], where: str) -> None:
    wild = [name for name, one in gradients.items() if not bool(one.isfinite().all())]
    demand(not wild, f"the gradient of {listing(wild)} is not finite for {where}")


def _matched(parts: Parts) -> Parts:
    """Every warped image is the one it is compared with."""
    pair = parts.pair
    shares = Compared.like(pair, STRUCTURES).fixed_shares
    return replace(
        parts, warped=pair.fixed, warped_back=pair.moving, swapped_warped=pair.moving, shares=shares
    )


Change = Callable[[Tensor], Tensor]


def _with_images(parts: Parts, warped: Change, given: Change) -> Parts:
    images = {name: warped(getattr(parts, name)) for name in IMAGES}
    pair = replace(parts.pair, moving=given(parts.pair.moving), fixed=given(parts.pair.fixed))
    return replace(parts, pair=pair, **images)


def _inside(image: Tensor) -> Tensor:
    """All of [0, 1] but its ends, where a loss may clamp."""
    return 0.1 + 0.8 * image


def _with_motion(parts: Parts, size: float) -> Parts:
    """Maps that move every voxel at random by about ``size``; variances that say nothing."""
    torch.manual_seed(4)
    moved: dict[str, Any] = {name: size * torch.randn_like(getattr(parts, name)) for name in MOTION}
    return replace(parts, **moved, log_variance=torch.zeros_like(parts.log_variance))


LOSS = [
    *laws(needs_are_complete, value_is_a_scalar, decisive=True),
    *laws(
        needs_are_used,
        gradient_flows,
        gradient_is_right,
        empty_images_are_no_trouble,
        equal_images_score_best,
        still_maps_score_best,
        matching_embeddings_score_best,
        order_of_pairs_is_free,
        coarsened_is_a_loss,
    ),
]
