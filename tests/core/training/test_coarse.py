"""Training that starts on averaged images: what they are, when it ends, and that it is taken up to the bit."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from contreg_core import spatial
from contreg_core.checkpoint import read_checkpoint
from contreg_core.errors import UsageError
from contreg_core.recipe import Recipe
from contreg_core.scheme import Scheme
from contreg_core.training.coarse import EDGE
from contreg_core.training.schedule import learning_rate
from contreg_core.training.session import Session
from contreg_core.types import Pair

Start = Callable[..., Session]


class Killed(BaseException):
    """What no one catches."""


@pytest.fixture
def start(session_of: Callable[..., Session], tiny_recipe: Callable[..., Recipe]) -> Start:
    def begin(folder: str, *settings: str, base: str = "contrastive-vae") -> Session:
        recipe = tiny_recipe("training.steps=6", "training.coarse=0.5", *settings, base=base)
        return session_of(recipe, folder)

    return begin


def seen(session: Session) -> list[tuple[int, ...]]:
    """Train to the end; the grids that the model saw."""
    grids: list[tuple[int, ...]] = []
    study = session.state.model.study

    def noting(batch: Any, needed: frozenset[str]) -> Any:
        grids.append(batch.space)
        return study(batch, needed)

    session.state.model.study = noting  # type: ignore[method-assign]
    for _ in session.advance():
        pass
    return grids


@given(st.tuples(*[st.integers(2, 7)] * 3), st.integers(1, 2))
def test_averages_are_means_over_cubes(space: tuple[int, int, int], edge: int) -> None:
    image = torch.rand(1, 1, *space)
    coarse = spatial.average(image, edge)
    for place in torch.cartesian_prod(*[torch.arange(-(-size // edge)) for size in space]):
        cube = image[(0, 0, *(slice(edge * int(k), edge * int(k) + edge) for k in place))]
        assert float(coarse[(0, 0, *place.tolist())]) == pytest.approx(float(cube.mean()), abs=1e-6)


def test_an_averaged_pair_keeps_subjects_and_most_of_its_mask() -> None:
    mask = torch.zeros(1, 1, 4, 4, 4, dtype=torch.bool)
    mask[..., :3, :, :] = True
    image = torch.rand(1, 1, 4, 4, 4)
    pair = Pair(image, image, torch.tensor([[1, 2]]), mask).averaged(EDGE)
    assert pair.space == (2, 2, 2)
    assert pair.mask is not None
    assert pair.mask[0, 0, :, 0, 0].tolist() == [True, False]
    assert Pair(image, image).averaged(EDGE).mask is None


def test_the_first_share_of_the_steps_sees_half_the_grid(start: Start) -> None:
    assert seen(start("run")) == 3 * [(4, 6, 4)] + 3 * [(8, 12, 8)]
    assert seen(start("whole", "training.coarse=0")) == 6 * [(8, 12, 8)]


def test_at_most_so_many_steps_do(start: Start) -> None:
    assert seen(start("two", "training.coarse_steps=2")) == 2 * [(4, 6, 4)] + 4 * [(8, 12, 8)]
    assert seen(start("five", "training.coarse_steps=5")) == 3 * [(4, 6, 4)] + 3 * [(8, 12, 8)]


def test_images_too_small_for_the_encoder_stay_whole(start: Start) -> None:
    """Three levels leave 12 voxels / 8, so 6 of them would end in less than two."""
    assert seen(start("run", "encoder.features=2,2,2")) == 6 * [(8, 12, 8)]


def test_images_that_a_random_crop_makes_too_small_stay_whole(start: Start) -> None:
    assert seen(start("run", "augmentation.crop=8,8,8")) == 6 * [(8, 8, 8)]


def test_a_run_interrupted_on_either_side_ends_as_if_it_was_not(start: Start) -> None:
    whole = start("whole")
    for _ in whole.advance():
        pass
    expected = read_checkpoint(whole.run.checkpoint("last")).tensors
    for step in range(1, 6):
        late = start(f"late{step}")
        batch = late.feed.batch

        def hooked(number: int, late: Session = late, batch: Any = batch, step: int = step) -> Any:
            if number == step:
                late.save()
                raise Killed
            return batch(number)

        late.feed.batch = hooked  # type: ignore[method-assign]
        with suppress(Killed):
            list(late.advance())
        again = start(f"late{step}")
        assert again.state.step == step
        assert again.state.coarse == 3
        list(again.advance())
        found = read_checkpoint(again.run.checkpoint("last")).tensors
        assert [name for name, value in expected.items() if not torch.equal(found[name], value)] == []


def test_supervised_recipes_refuse_it(start: Start) -> None:
    with pytest.raises(UsageError, match="recipes that register"):
        start("run", base="unet")


@given(st.integers(0, 50), st.integers(2, 50), st.integers(0, 10))
def test_the_schedule_begins_after_it(coarse: int, rest: int, warmup: int) -> None:
    scheme = Scheme(learning_rate=1e-3, schedule="cosine", warmup_steps=warmup)
    rates = [learning_rate(scheme, k, coarse + rest, 9, coarse=coarse) for k in range(coarse + rest)]
    warm = [min(1.0, (k + 1) / warmup) if warmup else 1.0 for k in range(coarse + rest)]
    assert rates[:coarse] == pytest.approx([1e-3 * part for part in warm[:coarse]])
    again = [min(1.0, (k + 1) / 10) if coarse else 1.0 for k in range(rest)]
    assert rates[coarse] == pytest.approx(1e-3 * min(warm[coarse], again[0]))
    assert rates[-1] == pytest.approx(1e-6 * min(warm[-1], again[-1]))


def test_a_log_says_when_it_ended(start: Start) -> None:
    """The subjects held out are registered at the change, and at the end."""
    session = start("run")
    list(session.advance())
    lines = [json.loads(line) for line in session.run.metrics.read_text().splitlines()]
    assert [line["step"] for line in lines if "validation_dice" in line] == [3, 6]
