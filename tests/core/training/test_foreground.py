"""The box of what is not background: what is in it, how large it is, and who sees it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from contreg_core.cache import CachedCohort
from contreg_core.engine import Engine
from contreg_core.errors import UsageError
from contreg_core.ranks.share import Share
from contreg_core.recipe import Recipe
from contreg_core.training import foreground as module
from contreg_core.training.feed import PairFeed
from contreg_core.training.foreground import LEAST, MULTIPLE, Box, around, foreground, size_of
from contreg_core.training.session import Session

SPACES = st.tuples(*[st.integers(1, 200)] * 3)


def part_of(size: int) -> st.SearchStrategy[slice]:
    """A slice with something in it."""
    return st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).map(
        lambda k: slice(min(k), max(k) + 1)
    )


BOXES = SPACES.flatmap(
    lambda space: st.tuples(st.just(space), st.lists(st.tuples(*map(part_of, space)), min_size=1, max_size=4))
)


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=5), st.floats(-2, 2))
def test_the_box_is_the_least_that_holds_all_that_is_not_background(
    places: list[tuple[int, int, int]], background: float
) -> None:
    image = torch.full((1, 1, 5, 5, 5), background)
    for place in places:
        image[(0, 0, *place)] = background + 1
    along = list(zip(*places, strict=True))
    assert foreground(image) == tuple(slice(min(k), max(k) + 1) for k in along)


def test_an_image_of_one_value_has_no_background() -> None:
    assert foreground(torch.ones(1, 1, 4, 5, 6)) == (slice(0, 4), slice(0, 5), slice(0, 6))


@given(BOXES)
def test_a_box_around_boxes(case: tuple[tuple[int, ...], list[Box]]) -> None:
    """Lies in the image, holds each of them, and is no larger than its multiple asks for."""
    space, boxes = case
    for axis, (one, size) in enumerate(zip(around(boxes, space), space, strict=True)):
        held = [box[axis] for box in boxes]
        first, last = min(k.start for k in held), max(k.stop for k in held)
        length = one.stop - one.start
        assert 0 <= one.start <= first < last <= one.stop <= size
        assert length == size or (length % MULTIPLE == 0 and length >= LEAST)
        assert length < max(LEAST, last - first + MULTIPLE) or length == LEAST
        before, after = first - one.start, one.stop - last
        assert abs(before - after) <= 1 or one.start == 0 or one.stop == size


@pytest.fixture
def small_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST", 4)
    monkeypatch.setattr(module, "MULTIPLE", 2)


@pytest.fixture
def framed(toy_cache: CachedCohort, monkeypatch: pytest.MonkeyPatch) -> CachedCohort:
    """The toy cohort, its images 0 but for a box that moves with the subject."""
    load = CachedCohort.load
    number = {scan.id: index % 2 for index, scan in enumerate(toy_cache.scans)}

    def framing(cohort: CachedCohort, scan: str) -> Any:
        subject = load(cohort, scan)
        inside = torch.zeros(subject.image.shape)
        inside[1 + number[scan] : 5 + number[scan], 3:8, :] = 1
        return type(subject)(**{**vars(subject), "image": subject.image.clip(0.1) * inside.numpy()})

    monkeypatch.setattr(CachedCohort, "load", framing)
    return toy_cache


@pytest.mark.usefixtures("small_boxes")
def test_a_model_sees_the_box_of_its_pair(
    framed: CachedCohort, session_of: Callable[..., Session], tiny_recipe: Callable[..., Recipe]
) -> None:
    recipe = tiny_recipe("training.steps=6", "training.foreground=true")
    session = session_of(recipe, "run", cohort=framed)
    spaces = {session.feed.batch(step).space for step in range(6)}
    assert spaces <= {(4, 6, 8), (6, 6, 8)}
    assert session.feed.smallest == (4, 6, 8)
    list(session.advance())
    assert session.state.step == 6


@pytest.mark.usefixtures("small_boxes")
def test_what_is_cut_off_is_background(
    framed: CachedCohort, cpu: Engine, tiny_recipe: Callable[..., Recipe]
) -> None:
    def feed(setting: str) -> PairFeed:
        recipe = tiny_recipe("training.batch_size=3", f"training.foreground={setting}")
        return PairFeed(framed, framed.scans, recipe.training, recipe.augmentation, cpu)

    whole, cut = feed("false"), feed("true")
    assert whole.smallest == whole.batch(0).space
    for step in range(4):
        for name in ("moving", "fixed", "mask"):
            large, small = (getattr(one.batch(step), name).float() for one in (whole, cut))
            if name != "mask":
                assert float(large.sum()) == pytest.approx(float(small.sum()))
            assert small.shape[2:] == size_of(cut._box(step))
        assert torch.equal(whole.batch(step).moving[(..., *cut._box(step))], cut.batch(step).moving)


@pytest.mark.usefixtures("small_boxes")
def test_ranks_cut_one_box(framed: CachedCohort, cpu: Engine, tiny_recipe: Callable[..., Recipe]) -> None:
    """Else their means would be over different numbers of voxels."""
    recipe = tiny_recipe("training.batch_size=2", "training.foreground=true")
    whole = PairFeed(framed, framed.scans, recipe.training, recipe.augmentation, cpu)
    for step in range(4):
        parts = []
        for rank in range(2):
            feed = PairFeed(framed, framed.scans, recipe.training, recipe.augmentation, cpu)
            feed.share = Share.of(2, rank, 2)
            parts.append(feed.batch(step))
        assert torch.equal(whole.batch(step).fixed, torch.cat([part.fixed for part in parts]))


def test_supervised_recipes_refuse_it(
    session_of: Callable[..., Session], tiny_recipe: Callable[..., Recipe]
) -> None:
    with pytest.raises(UsageError, match=r"training\.foreground is for recipes that register"):
        session_of(tiny_recipe("training.foreground=true", base="unet"), "run")
