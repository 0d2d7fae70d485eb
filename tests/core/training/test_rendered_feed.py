"""Training on rendered images: batches are a function of the step, resume is exact, losses see the clean images."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import torch

from contreg_core import spatial
from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.checkpoint import read_checkpoint
from contreg_core.engine import Engine
from contreg_core.errors import DataError, MismatchError, UsageError
from contreg_core.ranks.share import Share
from contreg_core.recipe import Recipe, build, load_recipe, resolve
from contreg_core.training.rendered_feed import RenderedFeed
from contreg_core.training.session import Session
from contreg_core.types import Compared, Pair, Registration

RENDERED = [
    *("rendering.labels=true", "rendering.finer=1", "rendering.outer=none", "rendering.parts=2"),
    *("rendering.mixed_after=2", "rendering.twice=0.5", "loss.structure-dice.weight=0.3"),
]
STEPS = 4


class Killed(BaseException):
    """What no one catches."""


@pytest.fixture
def recipe(tiny_recipe: Callable[..., Recipe]) -> Callable[..., Recipe]:
    """``recipe(*settings)``: the recommended network, tiny, on rendered images."""
    own = (f"training.steps={STEPS}", "training.validation=0", "training.coarse=0.3", "training.ema=0.9")
    return lambda *settings: tiny_recipe(*RENDERED, *own, *settings, base="contrastive-vae")


@pytest.fixture
def feed(recipe: Callable[..., Recipe], toy_cache: CachedCohort, cpu: Engine) -> Callable[..., RenderedFeed]:
    """``feed(*settings)``: on the five training subjects."""

    def made(*settings: str) -> RenderedFeed:
        own = recipe(*settings)
        return RenderedFeed(toy_cache, toy_cache.split("train"), own.training, own.rendering, cpu)

    return made


def equal(first: Pair, other: Pair) -> bool:
    assert first.compared is not None
    assert other.compared is not None
    pairs = [(getattr(first, name), getattr(other, name)) for name in ("moving", "fixed", "mask", "subjects")]
    pairs += [(value, getattr(other.compared, name)) for name, value in vars(first.compared).items()]
    return all(torch.equal(*pair) for pair in pairs)


def test_a_batch_is_a_function_of_seed_and_step(feed: Callable[..., RenderedFeed]) -> None:
    one, again, other = feed(), feed(), feed("training.seed=1")
    later = one.batch(3)
    assert equal(one.batch(0), again.batch(0))
    assert equal(later, again.batch(3))
    assert not torch.equal(one.batch(0).fixed, other.batch(0).fixed)
    assert not torch.equal(one.batch(0).fixed, later.fixed)


def test_a_batch_of_two_is_two_of_one(feed: Callable[..., RenderedFeed]) -> None:
    both, alone = feed("training.batch_size=2"), feed()
    found = both.batch(0)
    assert found.subjects is not None
    assert found.subjects.shape == (2, 2)
    for row in range(2):
        assert torch.equal(found.fixed[row : row + 1], alone.batch(row).fixed)
    ranked = feed("training.batch_size=2")
    ranked.share = Share.of(2, 1, 2)  # the second of two ranks
    assert torch.equal(ranked.batch(0).moving, found.moving[1:])


def test_it_says_which_maps_a_step_shows(feed: Callable[..., RenderedFeed]) -> None:
    """One map twice is one person, and its way is known."""
    one = feed()
    for step in range(8):
        (name,) = one.names(step)
        moving, fixed = name.split(" to ")
        batch = one.batch(step)
        assert batch.compared is not None
        assert batch.subjects is not None
        same = batch.subjects[0, 0] == batch.subjects[0, 1]
        assert (moving == fixed) == bool(same) == bool(batch.compared.known)


def test_mixed_contrasts_come_in_over_the_first_steps(feed: Callable[..., RenderedFeed]) -> None:
    """At step 0 there are none; without the ramp there are from the first."""
    always = ("rendering.mixed=1", "training.foreground=false")
    late, at_once, never = feed(*always), feed(*always, "rendering.mixed_after=0"), feed("rendering.mixed=0")
    assert torch.equal(late.batch(0).fixed, never.batch(0).fixed)
    assert not torch.equal(late.batch(0).fixed, at_once.batch(0).fixed)
    assert torch.equal(late.batch(2).fixed, at_once.batch(2).fixed)


def test_a_cohort_without_labels_cannot_be_rendered(
    feed: Callable[..., RenderedFeed], toy_cache: CachedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = CachedCohort.load
    monkeypatch.setattr(CachedCohort, "load", lambda self, scan: replace(load(self, scan), labels=None))
    with pytest.raises(DataError, match="no label map"):
        feed()


def test_the_losses_compare_the_clean_images(
    feed: Callable[..., RenderedFeed], recipe: Callable[..., Recipe], catalogue: Catalogue
) -> None:
    model, objective = build(recipe("loss.lncc.bidirectional=true", "loss.lncc.swapped=true"), catalogue)
    batch = feed().batch(1)
    found = model.study(batch, objective.needed())
    compared = batch.compared
    assert compared is not None
    assert found.swapped is not None
    assert found.inverse is not None
    assert found.warped_back is not None
    _carried(found, compared.moving, compared.fixed)
    _carried(found.swapped, compared.fixed, compared.moving)
    torch.testing.assert_close(found.warped_back, spatial.warp(compared.fixed, found.inverse))


def _carried(found: Registration, moving: torch.Tensor, fixed: torch.Tensor) -> None:
    assert torch.equal(found.pair.fixed, fixed)
    torch.testing.assert_close(found.warped, spatial.warp(moving, found.displacement))
    assert found.shares is not None


def test_averaged_what_is_compared_is_averaged_too(feed: Callable[..., RenderedFeed]) -> None:
    batch = feed().batch(0)
    coarse = batch.averaged(2)
    assert batch.compared is not None
    assert coarse.compared is not None
    torch.testing.assert_close(coarse.compared.fixed, spatial.average(batch.compared.fixed, 2))
    halved = spatial.average(batch.compared.displacement, 2) / 2
    torch.testing.assert_close(coarse.compared.displacement, halved)
    assert coarse.compared.moving_shares.shape[2:] == coarse.space


def finish(session: Session) -> Session:
    for _ in session.advance():
        pass
    return session


def test_a_run_interrupted_at_any_step_ends_as_if_it_was_not(
    session_of: Callable[..., Session], recipe: Callable[..., Recipe]
) -> None:
    """Killed two steps after a save: bitwise the same tensors."""
    whole = finish(session_of(recipe(), "whole"))
    expected = read_checkpoint(whole.run.checkpoint("last")).tensors
    for step in range(1, STEPS):
        killed = session_of(recipe(), f"run{step}")
        batch = killed.feed.batch

        def hooked(now: int, killed: Session = killed, batch: Any = batch, step: int = step) -> Any:
            if now == step:
                killed.save()
            if now == step + 2:
                raise Killed
            return batch(now)

        killed.feed.batch = hooked  # type: ignore[method-assign]
        with suppress(Killed):
            finish(killed)
        resumed = session_of(recipe(), f"run{step}")
        assert resumed.resumed
        found = read_checkpoint(finish(resumed).run.checkpoint("last")).tensors
        assert [name for name, value in expected.items() if not torch.equal(found[name], value)] == []


def test_recipes_say_what_does_not_go_with_rendering(
    recipe: Callable[..., Recipe], tiny_recipe: Callable[..., Recipe], catalogue: Catalogue
) -> None:
    with pytest.raises(UsageError, match=r"\[augmentation\]"):
        resolve(recipe("augmentation.flip_axis=0"), catalogue)
    with pytest.raises(UsageError, match="finer = 2"):
        resolve(recipe("rendering.finer=2"), catalogue)
    with pytest.raises(UsageError, match="'unet'"):
        resolve(tiny_recipe("rendering.labels=true", "rendering.finer=1", base="unet"), catalogue)
    with pytest.raises(MismatchError, match="needs shares"):
        build(tiny_recipe("loss.structure-dice.weight=1"), catalogue)


def test_the_cohort_is_cached_finer(catalogue: Catalogue) -> None:
    brains = catalogue.recipe("brains")
    assert (brains.preprocessing.spacing, brains.cached.spacing) == (2.0, 1.0)
    plain = catalogue.recipe("contrastive-vae")
    assert plain.cached == plain.preprocessing


def test_the_network_is_that_of_the_recommended_recipe(catalogue: Catalogue) -> None:
    """So that its weights are where that recipe's training may begin."""
    brains, plain = (resolve(catalogue.recipe(name), catalogue) for name in ("brains", "contrastive-vae"))
    assert brains.parts == plain.parts
    assert brains.preprocessing == plain.preprocessing


def test_a_stand_in_has_the_sizes_of_the_real_thing(feed: Callable[..., RenderedFeed]) -> None:
    batch = feed().batch(0)
    assert batch.compared is not None
    stand_in = Compared.like(batch, 2)
    for name, value in vars(batch.compared).items():
        assert getattr(stand_in, name).shape == value.shape
        assert getattr(stand_in, name).dtype == value.dtype


def test_older_recipes_read_as_before() -> None:
    """A recipe written before there was [rendering] trains on images."""
    text = 'name = "x"\nsummary = "y"\nencoder.name = "a"\ndecoder.name = "b"\nwarper.name = "svf"\n'
    assert not load_recipe(text).rendering.labels
