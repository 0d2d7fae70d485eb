"""A training that starts from the weights of another."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from contreg_core.checkpoint import read_checkpoint
from contreg_core.errors import MismatchError, MissingError
from contreg_core.recipe import Recipe
from contreg_core.training.initial import Initial
from contreg_core.training.session import Session

Begin = Callable[..., Session]


@pytest.fixture
def begin(session_of: Callable[..., Session], tiny_recipe: Callable[..., Recipe]) -> Begin:
    """``begin(folder, *settings, initial=...)``, four steps."""

    def session(folder: str, *settings: str, initial: Initial | None = None) -> Session:
        recipe = tiny_recipe("training.steps=4", "training.ema=0.5", *settings, base="voxelmorph")
        return session_of(recipe, folder, initial=initial)

    return session


def finish(session: Session) -> Path:
    for _ in session.advance():
        pass
    return session.run.path


@pytest.fixture
def taught(begin: Begin) -> Path:
    """The run folder of what others start from."""
    return finish(begin("taught"))


def test_the_first_step_has_the_weights_that_would_be_used(begin: Begin, taught: Path) -> None:
    best = read_checkpoint(taught / "checkpoints" / "best.safetensors").part("model")
    session = begin("tuned", initial=Initial.read(taught))
    assert session.state.average is not None
    for name, value in session.state.model.state_dict().items():
        assert torch.equal(value, best[name])
        assert torch.equal(session.state.average.values[name], best[name])
    assert session.state.step == 0
    assert not session.warnings
    file = taught / "checkpoints" / "best.safetensors"
    assert Initial.read(file).sha256 == Initial.read(taught).sha256


def test_the_run_says_what_it_started_from(begin: Begin, taught: Path) -> None:
    initial = Initial.read(taught)
    tuned = finish(begin("tuned", initial=initial))
    assert json.loads((tuned / "run.json").read_text())["initial"] == initial.sha256
    assert read_checkpoint(tuned / "checkpoints" / "last.safetensors").record["initial"] == initial.sha256
    assert "initial" not in json.loads((taught / "run.json").read_text())


@pytest.mark.parametrize("again", [True, False])
def test_going_on_needs_no_weights_and_ends_the_same(begin: Begin, taught: Path, again: bool) -> None:
    initial = Initial.read(taught)
    whole = read_checkpoint(finish(begin("whole", initial=initial)) / "checkpoints" / "last.safetensors")
    stopped = begin("stopped", initial=initial)
    batch = stopped.feed.batch

    def hooked(step: int) -> object:
        if step == 1:
            stopped.stop()
        return batch(step)

    stopped.feed.batch = hooked  # type: ignore[method-assign]
    finish(stopped)
    resumed = begin("stopped", initial=initial if again else None)
    assert resumed.state.step == 2
    found = read_checkpoint(finish(resumed) / "checkpoints" / "last.safetensors")
    assert all(torch.equal(found.tensors[name], value) for name, value in whole.tensors.items())


def test_a_run_killed_before_it_saved_asks_for_its_weights_again(begin: Begin, taught: Path) -> None:
    """Else it would begin from chance, and nobody would be told."""
    initial = Initial.read(taught)
    begin("killed", initial=initial)
    with pytest.raises(MismatchError, match="ended before it saved"):
        begin("killed")
    assert begin("killed", initial=initial).resuming.initial == initial.sha256


def test_other_weights_than_before_are_refused(begin: Begin, taught: Path) -> None:
    other = Initial.read(finish(begin("other", "training.seed=1")))
    finish(begin("tuned", initial=Initial.read(taught)))
    with pytest.raises(MismatchError, match="started from other weights"):
        begin("tuned", initial=other)
    with pytest.raises(MismatchError, match="started from no given weights"):
        begin("other", "training.seed=1", initial=other)


def test_another_network_is_refused_and_leaves_nothing(begin: Begin, taught: Path) -> None:
    with pytest.raises(MismatchError, match=r"taught: the checkpoint's network does not fit: .* differ"):
        begin("tuned", "encoder.features=4,8,8", initial=Initial.read(taught))
    with pytest.raises(MissingError):
        Initial.read(taught / "nothing.safetensors")


def test_images_prepared_otherwise_are_told(
    begin: Begin, session_of: Callable[..., Session], taught: Path
) -> None:
    initial = Initial.read(taught)
    recipe = begin("other").recipe
    assert not initial.unlike(recipe)
    other = "zscore" if recipe.preprocessing.intensity == "robust" else "robust"
    changed = replace(recipe, preprocessing=replace(recipe.preprocessing, intensity=other))
    told = initial.unlike(changed)
    assert told.endswith(f"(intensity = {recipe.preprocessing.intensity}, now {other})")
    assert session_of(changed, "tuned", initial=initial).warnings == [told]
