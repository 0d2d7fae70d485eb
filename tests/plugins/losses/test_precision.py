"""Losses are float32 where a model runs in bfloat16: LNCC and KL are small differences of large sums."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from contreg_core.components import Loss, SegmentationLoss
from contreg_core.conformance.loss import LossCase
from contreg_core.conformance.parts import Parts
from contreg_core.conformance.recipe import RecipeCase
from contreg_core.conformance.samples import BOTH
from contreg_core.conformance.segmentation_loss import SegmentationLossCase
from contreg_core.objective import Objective
from contreg_core.plugins import load_catalogue
from contreg_core.recipe import Recipe
from contreg_core.types import Outcome, Segmented

CATALOGUE = load_catalogue(plugins=False)
LOSSES = [cls for cls in CATALOGUE.components() if issubclass(cls, Loss | SegmentationLoss)]
LEARNED = [recipe for recipe in CATALOGUE.recipes() if recipe.form != "solver"]


def rounded(tensor: Tensor) -> Tensor:
    return tensor.bfloat16().float()


def trial(cls: type[Loss] | type[SegmentationLoss], ndim: int) -> tuple[Loss | SegmentationLoss, Outcome]:
    """A loss, and what a model of bfloat16 gives it."""
    if issubclass(cls, SegmentationLoss):
        case = SegmentationLossCase(cls, {})
        known = case.segmented(ndim)
        return case.make(ndim).eval(), Segmented(rounded(known.logits), known.classes)
    part = LossCase(cls, {}).make(ndim).eval()
    return part, Parts.of(ndim).map(rounded).registration(part.needed())


def value(loss: Loss | SegmentationLoss, outcome: Outcome, mixed: bool) -> Tensor:
    torch.manual_seed(1)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        return Objective({"term": (1.0, loss)})(outcome).total


@pytest.mark.parametrize("ndim", BOTH)
@pytest.mark.parametrize("cls", LOSSES, ids=lambda cls: cls.name)
def test_autocast_changes_no_loss(cls: type[Loss] | type[SegmentationLoss], ndim: int) -> None:
    loss, outcome = trial(cls, ndim)
    expected = value(loss, outcome, mixed=False)
    found = value(loss, outcome, mixed=True)
    assert (found.dtype, expected.dtype) == (torch.float32, torch.float32)
    assert bool(expected.isfinite())
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("recipe", LEARNED, ids=lambda recipe: recipe.name)
def test_models_hand_float32_to_their_losses(recipe: Recipe) -> None:
    """Under autocast everything but an encoder's features is float32; no loss reads those."""
    case = RecipeCase(recipe, CATALOGUE)
    learner, objective = case.made(2)
    with torch.autocast("cpu", torch.bfloat16):
        outcome = learner.study(case.batch(2), objective.needed())
    narrow = {where for where, tensor in tensors(outcome) if tensor.dtype == torch.bfloat16}
    assert {where for where in narrow if ".features" not in where} == set()


def tensors(value: Any, where: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a dataclass or tuple, with its place."""
    if isinstance(value, Tensor):
        yield where, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors(getattr(value, field.name), f"{where}.{field.name}")
    elif isinstance(value, tuple):
        for inner in value:
            yield from tensors(inner, where)
