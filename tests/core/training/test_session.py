"""A training session: bitwise resume from any step, divergence, another recipe or data, the clock."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.checkpoint import Checkpoint, optimiser_tensors, read_checkpoint, write_checkpoint
from contreg_core.errors import DataError, MismatchError, StorageError
from contreg_core.recipe import Recipe
from contreg_core.training import session as module
from contreg_core.training.session import Session

STEPS = 6
BASES = ["voxelmorph", "contrastive-vae", "lapirn", "unet"]
Start = Callable[..., Session]


class Killed(BaseException):
    """What no one catches."""


@pytest.fixture
def start(session_of: Callable[..., Session], tiny_recipe: Callable[..., Recipe]) -> Start:
    """``start(folder, *settings, base=..., cohort=..., max_seconds=...)``"""

    def begin(folder: str = "run", *settings: str, base: str = "voxelmorph", **more: Any) -> Session:
        own = (
            f"training.steps={STEPS}",
            "training.validate_every=4",
            "training.ema=0.9",
            "augmentation.flip_axis=0",
        )
        recipe = tiny_recipe(*own, *settings, base=base)
        return session_of(recipe, folder, **more)

    return begin


def at(session: Session, actions: dict[int, Callable[[], object]]) -> None:
    """Do something when a number of steps is done and the next begins."""
    batch = session.feed.batch

    def hooked(step: int) -> Any:
        actions.get(step, lambda: None)()
        return batch(step)

    session.feed.batch = hooked  # type: ignore[method-assign]


def kill() -> None:
    raise Killed


def finish(session: Session) -> Session:
    for _ in session.advance():
        pass
    return session


def last(session: Session) -> Checkpoint:
    return read_checkpoint(session.run.checkpoint("last"))


def metrics(session: Session) -> list[str]:
    """Every line but for the clock."""
    lines = [json.loads(line) for line in session.run.metrics.read_text().splitlines()]
    return [json.dumps({key: value for key, value in line.items() if key != "seconds"}) for line in lines]


def assert_same_run(session: Session, whole: Session) -> None:
    for which in ("last", "best"):
        found, expected = (read_checkpoint(s.run.checkpoint(which)) for s in (session, whole))
        assert found.tensors.keys() == expected.tensors.keys()
        assert [n for n, v in expected.tensors.items() if not torch.equal(found.tensors[n], v)] == []
    assert metrics(session) == metrics(whole)


@pytest.mark.parametrize("base", BASES)
def test_a_run_interrupted_at_any_step_ends_as_if_it_was_not(start: Start, base: str) -> None:
    """Stopped, which saves; killed two steps after a save: bitwise the same tensors and the same log."""
    whole = finish(start("whole", base=base))
    for step in range(1, STEPS):
        stopped = start(f"stopped{step}", base=base)
        at(stopped, {step - 1: stopped.stop})
        finish(stopped)
        assert last(stopped).record["place"]["step"] == step

        late = start(f"late{step}", base=base)
        at(late, {step: late.save, step + 2: kill})
        with suppress(Killed):  # it may be through before
            finish(late)
        for name in ("stopped", "late"):
            resumed = start(f"{name}{step}", base=base)
            assert resumed.resumed
            if not resumed.finished:
                finish(resumed)
            assert_same_run(resumed, whole)


def test_a_run_killed_with_nothing_saved_starts_again(start: Start) -> None:
    whole, lost = finish(start("whole")), start("lost")
    at(lost, {5: kill})
    with pytest.raises(Killed):
        finish(lost)
    assert metrics(lost)
    again = start("lost")
    assert not again.resumed
    assert_same_run(finish(again), whole)


def test_abandoned_at_every_report(start: Start) -> None:
    whole = finish(start("whole", "training.validate_every=1"))
    for reports in range(1, STEPS + 1):
        abandoned = start(f"run{reports}", "training.validate_every=1")
        advance = abandoned.advance()
        for _ in range(reports):
            progress = next(advance)
        assert progress.step == reports
        abandoned.save()
        advance.close()
        assert_same_run(finish(start(f"run{reports}", "training.validate_every=1")), whole)


def test_what_a_run_leaves(start: Start) -> None:
    session = finish(start())
    record = json.loads(session.run.provenance.read_text())
    assert record["steps"] == STEPS
    assert record["training"] == ["a", "b", "c"]
    assert record["validation"] == ["d", "e"]
    assert record["best_validation"] == session.state.best > 0
    assert [line["step"] for line in session.run.read_metrics()] == [4, 4, 6, 6]
    best = read_checkpoint(session.run.checkpoint("best"))
    assert {name.partition("/")[0] for name in best.tensors} == {"model"}
    assert best.record["data"]["grid"] == [8, 12, 8]
    assert start().finished


def told(session: Session) -> dict[str, Any]:
    return dict(json.loads(session.run.provenance.read_text()))


def test_a_run_says_how_it_failed_where_it_went_on_and_what_it_was_made_from(start: Start) -> None:
    session = start(max_seconds=1e6)
    at(session, {2: session.save, 3: poison(session, "images")})
    with pytest.raises(DataError) as caught, session.record.watching(session.engine.ranks.first):
        finish(session)
    record = told(session)
    assert (record["exit_code"], record["message"]) == (65, caught.value.message)
    assert record["stopped"] >= record["started"]
    assert record["seed"] == session.scheme.seed
    assert list(record["sources"]) == ["a", "b", "c", "d", "e"]
    again = start()
    assert [one["step"] for one in told(again)["resumed"]] == [2]
    assert told(again)["started"] == record["started"]
    ended = told(finish(again))
    assert (ended["exit_code"], ended["steps"], ended["warnings"]) == (0, STEPS, [])
    assert not {"stopped", "message"} & ended.keys()
    start()
    assert told(again) == ended


@pytest.mark.parametrize("content", ["", "[]", '{"started": "20'])
def test_a_damaged_record_does_not_stop_a_run(start: Start, content: str) -> None:
    session = start()
    at(session, {2: session.stop})
    finish(session)
    session.run.provenance.write_text(content)
    again = start()
    assert again.resumed
    assert told(again)["training"] == ["a", "b", "c"]
    assert told(finish(again))["steps"] == STEPS


def test_a_fall_back_is_a_warning_in_the_record(start: Start) -> None:
    session = start()
    at(session, {2: session.save, 3: session.stop})
    finish(session)
    path = session.run.checkpoint("last")
    path.write_bytes(path.read_bytes()[:-40])
    assert "previous" in told(finish(start(fall_back=True)))["warnings"][0]


def test_a_run_of_an_older_version_goes_on(start: Start) -> None:
    """Its recipe lacks a knob that came since and has its default."""
    session = start()
    at(session, {1: session.stop})
    finish(session)
    text = session.run.recipe.read_text()
    line = next(line for line in text.splitlines() if line.startswith("padding"))
    session.run.recipe.write_text(text.replace(f"{line}\n", "", 1))
    assert start().resumed
    assert session.run.recipe.read_text() == text


def test_another_recipe_or_other_data_in_the_folder_are_refused(
    start: Start, toy_cache: CachedCohort
) -> None:
    session = start()
    at(session, {1: session.stop})
    finish(session)
    before = session.run.checkpoint("last").read_bytes()
    with pytest.raises(MismatchError, match="another recipe"):
        start("run", "training.seed=1")
    fewer = replace(toy_cache, scans=toy_cache.scans[1:])
    with pytest.raises(MismatchError, match=r"other data \(training differ\)"):
        start(cohort=fewer)
    assert session.run.checkpoint("last").read_bytes() == before
    assert start().state.step == 2


def test_a_run_that_does_not_tell_its_scans_goes_on_with_a_word(start: Start) -> None:
    """As contreg 0.1 left it."""
    session = start()
    at(session, {1: session.stop})
    finish(session)
    last = session.run.checkpoint("last")
    whole = read_checkpoint(last)
    data = {key: value for key, value in whole.record["data"].items() if key != "scans"}
    write_checkpoint(last, whole.tensors, {**whole.record, "data": data})
    again = start()
    assert again.resumed
    assert [line for line in again.warnings if "does not tell the sums of the scans" in line]


def poison(session: Session, what: str) -> Callable[[], object]:
    """From now on the images, or only the gradients, are not finite."""

    def images() -> None:
        for image in session.feed.images:
            image.fill_(math.nan)

    def gradients() -> None:
        weight = next(session.state.model.parameters())
        weight.register_hook(lambda gradient: gradient * math.inf)

    return images if what == "images" else gradients


@pytest.mark.parametrize("what", ["images", "gradients"])
@pytest.mark.parametrize("how", ["report", "clock"])
def test_three_steps_that_are_not_finite_end_a_run_and_name_their_scans(
    start: Start, what: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are skipped, so whatever the clock saves meanwhile is finite."""
    session = start()
    if how == "clock":
        monkeypatch.setattr(module, "_SAVE_SECONDS", -1.0)
    at(session, {1: session.save, 2: poison(session, what)})
    with pytest.raises(DataError, match="the last finite checkpoint is kept") as caught:
        finish(session)
    assert "training.learning_rate=" in caught.value.hint
    assert "clip" in caught.value.hint
    assert caught.value.code == "NUM-61"
    batches = [one["scans"] for one in json.loads(session.run.skipped.read_text())]
    assert batches == [session.feed.names(step) for step in (2, 3, 4)]
    assert all(name in caught.value.message for batch in batches for name in batch)
    kept = last(session)
    assert kept.record["place"]["step"] == (4 if how == "clock" else 1)
    assert all(value.isfinite().all() for value in kept.tensors.values())
    assert all(math.isfinite(value) for line in session.run.read_metrics() for value in line.values())


def test_a_skipped_step_leaves_weights_moments_and_means_alone(start: Start) -> None:
    session = start()
    images = [image.clone() for image in session.feed.images]
    before: list[Any] = []

    def spoil() -> None:
        before.extend(_frozen(session))
        poison(session, "images")()

    def mend() -> None:
        assert all(torch.equal(a, b) for a, b in zip(before, _frozen(session), strict=True))
        for poisoned, whole in zip(session.feed.images, images, strict=True):
            poisoned.copy_(whole)

    at(session, {2: spoil, 4: mend})
    finish(session)
    assert session.state.step == STEPS
    assert not all(torch.equal(a, b) for a, b in zip(before, _frozen(session), strict=True))
    assert all(math.isfinite(value) for line in session.run.read_metrics() for value in line.values())
    assert not session.run.skipped.exists()


def _frozen(session: Session) -> list[Any]:
    """Weights and moments."""
    moments = optimiser_tensors(session.state.optimiser).values()
    return [value.clone() for value in (*session.state.model.state_dict().values(), *moments)]


def test_a_damaged_checkpoint_falls_back_to_the_one_before_only_if_asked(start: Start) -> None:
    session = start()
    at(session, {2: session.save, 4: session.save, 5: kill})
    with pytest.raises(Killed):
        finish(session)
    path = session.run.checkpoint("last")
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(DataError, match="not a readable checkpoint") as caught:
        start()
    assert "--resume auto" in caught.value.hint
    again = start(fall_back=True)
    assert again.state.step == 2
    assert "previous" in again.warnings[0]
    finish(again)
    quiet = last(finish(start("quiet"))).tensors
    assert all(torch.equal(value, quiet[name]) for name, value in last(again).tensors.items())


def test_divergence_before_any_checkpoint_says_so(start: Start) -> None:
    session = start()
    at(session, {1: poison(session, "images")})
    with pytest.raises(DataError, match="no checkpoint was made before"):
        finish(session)


class Clock:
    """Steps and validations that take a known time."""

    def __init__(self, session: Session, step: float, validation: float, first: float | None = None) -> None:
        self.now = 0.0
        batch, validator = session.feed.batch, session.validator

        def slow_batch(number: int) -> Any:
            self.now += step if number or first is None else first
            return batch(number)

        def slow_validator(state: Any) -> Any:
            self.now += validation
            return validator(state)

        session.feed.batch = slow_batch  # type: ignore[method-assign]
        session.validator = slow_validator  # type: ignore[assignment]

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("step", "validation", "first", "limit"),
    [(10, 0, None, 60), (1, 5, None, 60), (1, 0, 15, 40), (100, 0, None, 60), (2, 20, None, 90)],
)
def test_a_run_ends_in_time(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    step: float,
    validation: float,
    first: float | None,
    limit: float,
) -> None:
    session = start("run", "training.steps=500", "training.validate_every=0", max_seconds=limit)
    clock = Clock(session, step, validation, first)
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    reports = list(session.advance())
    assert session.finished
    assert reports[-1].step == reports[-1].total == session.state.step
    assert reports[-1].validation is not None
    first_step = first or step
    assert clock.now <= max(limit, first_step + validation)
    # No more is left than what one more step and the closing validation would have taken.
    assert clock.now >= min(limit, first_step) - step - validation
    assert last(session).record["place"]["step"] == session.state.step


def test_the_rate_comes_down_within_the_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("training.steps=20000", "training.schedule=cosine", "training.learning_rate=1e-3")
    session = start("run", *settings, max_seconds=60.0)
    clock = Clock(session, 1.0, 0.5)
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    reports = list(session.advance())
    assert 50 <= clock.now <= 60
    assert reports[-1].rate < 1e-4


def test_a_first_step_that_compiles_does_not_slow_the_plan(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first plan already is as long as the time allows, and the rate falls along it once."""
    settings = ("training.steps=20000", "training.validate_every=0")
    session = start("run", *settings, max_seconds=100.0)
    clock = Clock(session, 1.0, 0.5, 40.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    plans: list[int] = []
    at(session, {11: lambda: plans.append(session.state.total)})
    reports = list(session.advance())
    assert 95 <= clock.now <= 100
    assert plans == [pytest.approx(reports[-1].total, abs=2)]


def test_a_full_disk_keeps_the_last_checkpoint(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    session = start()
    at(session, {1: session.stop})
    finish(session)
    before = session.run.checkpoint("last").read_bytes()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    resumed = start()
    with monkeypatch.context() as full:
        full.setattr(os, "replace", fail)
        with pytest.raises(StorageError):
            resumed.save()
    assert session.run.checkpoint("last").read_bytes() == before
    assert os.listdir(session.run.checkpoint("last").parent) == ["last.safetensors"]


def test_grids_that_differ_are_refused_by_scan(
    start: Start, toy_cache: CachedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = CachedCohort.load

    def cut(cohort: CachedCohort, scan: str) -> Any:
        subject = load(cohort, scan)
        return replace(subject, image=subject.image[:4]) if scan == "b" else subject

    monkeypatch.setattr(CachedCohort, "load", cut)
    with pytest.raises(DataError, match=r"scan 'b' has the grid \(4, 12, 8\), 'a' \(8, 12, 8\)"):
        start()
