"""Several ranks stop together, and go on to the same bits; with another number of ranks, to the same figures."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.checkpoint import read_checkpoint
from contreg_core.engine import Engine
from contreg_core.recipe import Recipe
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session

STOPS = (1, 2, 5, 6, 9)
"""Around the ends of epochs, saves and the validation; with the marker all, every step."""
EVERY = tuple(range(1, 11))
LEFT = 5


@pytest.fixture(scope="module")
def recipe(tiny: Callable[..., Recipe]) -> Recipe:
    """With a queue, averaged weights, validations, and epochs of six pairs, three a step."""
    own = ("training.steps=11", "training.validation=2", "training.validate_every=6")
    return tiny("contrastive-vae", *own, "training.batch_size=3", "augmentation.noise=0.1")


@pytest.fixture(
    scope="module", params=[STOPS, pytest.param(EVERY, marks=pytest.mark.all)], ids=["some", "every"]
)
def stops(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return tuple(request.param)


@pytest.fixture(scope="module")
def folder(
    group: Callable[..., Path],
    recipe: Recipe,
    stops: tuple[int, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Runs of two ranks: whole, stopped everywhere and resumed, and one stopped only."""
    own = {"STOPS": " ".join(map(str, stops)), "LEFT": str(LEFT), "ADAM_EPS": "1e-8"}
    return group(2, tmp_path_factory.mktemp("ranks"), {"run": recipe}, **own)


def tensors(folder: Path, which: str = "last") -> dict[str, torch.Tensor]:
    return dict(read_checkpoint(RunFolder(folder).checkpoint(which)).tensors)


def test_two_ranks_stopped_at_any_step_end_with_the_same_bits(folder: Path, stops: tuple[int, ...]) -> None:
    """The last rank asks; both stop after that step (worker.py), also in the middle of an epoch."""
    for which in ("last", "best"):
        whole = tensors(folder / "run", which)
        for stop in stops:
            resumed = tensors(folder / f"run-{stop}", which)
            assert resumed.keys() == whole.keys()
            assert [name for name in whole if not torch.equal(resumed[name], whole[name])] == [], stop


def test_another_number_of_ranks_goes_on(
    folder: Path, recipe: Recipe, toy_cache: CachedCohort, catalogue: Catalogue, cpu: Engine
) -> None:
    names = ("run-left", "alone")
    alone = [Session(recipe, toy_cache, RunFolder(folder / name), cpu, catalogue) for name in names]
    assert [(session.state.step, session.ranks_before) for session in alone] == [(LEFT, 2), (0, 1)]
    for session in alone:
        assert list(session.advance())[-1].step == 11
    found, expected = (tensors(session.run.path) for session in alone)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)
