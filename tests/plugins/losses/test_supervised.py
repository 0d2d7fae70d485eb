"""Soft Dice and cross-entropy against slow references and known answers."""

import pytest
import torch

from contreg_core.types import Segmented
from contreg_plugins.losses.cross_entropy import CrossEntropy
from contreg_plugins.losses.soft_dice import SoftDice

SPACES = [(5, 4), (5, 4, 3)]


def answer(classes: torch.Tensor, number: int, certainty: float = 50.0) -> torch.Tensor:
    """Logits that are sure of these classes."""
    return certainty * torch.nn.functional.one_hot(classes[:, 0], number).movedim(-1, 1).float()


def random(space: tuple[int, ...], batch: int = 2, number: int = 4) -> Segmented:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((batch, number, *space), generator=generator)
    return Segmented(logits, torch.randint(0, number, (batch, 1, *space), generator=generator))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("over", ["batch", "image"])
def test_a_perfect_prediction_loses_nothing(space: tuple[int, ...], over: str) -> None:
    truth = random(space).classes
    perfect = Segmented(answer(truth, 4), truth)
    assert SoftDice(over=over)(perfect) == pytest.approx(0, abs=1e-6)  # type: ignore[arg-type]
    assert CrossEntropy()(perfect) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_a_disjoint_prediction_loses_all(space: tuple[int, ...]) -> None:
    truth = 1 + random(space).classes.clamp(max=2)
    disjoint = Segmented(answer(truth % 3 + 1, 4), truth)
    assert SoftDice()(disjoint) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("over", ["batch", "image"])
def test_soft_dice_is_the_mean_over_foreground_classes(over: str) -> None:
    given, smooth = random((5, 4)), 0.1
    shares = given.logits.softmax(1)
    groups = [[0, 1]] if over == "batch" else [[0], [1]]
    values = []
    for images in groups:
        for number in (1, 2, 3):
            true = (given.classes[images, 0] == number).float()
            predicted = shares[images, number]
            common, total = (predicted * true).sum(), predicted.sum() + true.sum()
            values.append(float((2 * common + smooth) / (total + smooth)))
    found = SoftDice(smooth=smooth, over=over)(given)  # type: ignore[arg-type]
    assert found == pytest.approx(1 - sum(values) / len(values), abs=1e-6)


def test_a_class_that_is_nowhere_counts_as_found() -> None:
    truth = torch.zeros(1, 1, 4, 4, dtype=torch.int64)
    assert SoftDice()(Segmented(answer(truth, 3, 200.0), truth)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_cross_entropy_is_that_of_the_true_class(space: tuple[int, ...]) -> None:
    given = random(space)
    slow = -given.logits.log_softmax(1).gather(1, given.classes).mean()
    assert CrossEntropy()(given) == pytest.approx(float(slow), abs=1e-6)


@pytest.mark.parametrize("loss", [SoftDice(), SoftDice(over="image"), CrossEntropy()])
def test_both_have_gradients_at_batch_one(loss: SoftDice | CrossEntropy) -> None:
    given = random((5, 4, 3), batch=1)
    logits = given.logits.requires_grad_()
    value = loss(Segmented(logits, given.classes))
    value.backward()
    assert value.shape == ()
    assert logits.grad is not None
    assert 0 < float(logits.grad.abs().sum()) < float("inf")


def test_smooth_must_be_positive() -> None:
    with pytest.raises(ValueError, match="smooth is 0"):
        SoftDice(smooth=0.0)
