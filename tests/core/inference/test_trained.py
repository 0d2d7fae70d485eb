"""A trained model from a run folder or a file is the model that was trained."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.checkpoint import read_checkpoint, write_checkpoint
from contreg_core.engine import Engine
from contreg_core.errors import DataError, MismatchError, MissingError
from contreg_core.inference.trained import load_trained
from contreg_core.recipe import Recipe
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session


@pytest.fixture
def session(
    tmp_path: Path,
    toy_cache: CachedCohort,
    cpu: Engine,
    catalogue: Catalogue,
    tiny_recipe: Callable[..., Recipe],
) -> Session:
    recipe = tiny_recipe("training.steps=3", "training.ema=0.5", base="contrastive-vae")
    trained = Session(recipe, toy_cache, RunFolder(tmp_path / "run"), cpu, catalogue)
    for _ in trained.advance():
        pass
    return trained


def test_it_is_the_trained_model(
    session: Session, toy_cache: CachedCohort, cpu: Engine, catalogue: Catalogue
) -> None:
    trained = load_trained(session.run.path, catalogue, cpu)
    best = read_checkpoint(session.run.checkpoint("best")).part("model")
    assert all(torch.equal(value, best[name]) for name, value in trained.model.state_dict().items())
    assert trained.recipe == session.recipe
    assert trained.grid == (8, 12, 8)
    assert trained.landmarks == ()
    assert trained.invertible
    moving, fixed = (toy_cache.load(name).image for name in "fg")
    first, again = (trained.register(moving, fixed, inverse=True) for _ in range(2))
    assert first.displacement.shape == (1, 3, 8, 12, 8)
    assert first.inverse is not None
    assert torch.equal(first.displacement, again.displacement)
    assert not first.displacement.requires_grad
    flipped = trained.register(np.asfortranarray(moving)[:, ::-1], fixed[:, ::-1])
    assert flipped.displacement.shape == first.displacement.shape


def test_a_file_will_do(session: Session, cpu: Engine, catalogue: Catalogue) -> None:
    """Of ``last``, which training goes on from, the averaged weights are used."""
    last = load_trained(session.run.checkpoint("last"), catalogue, cpu)
    assert session.state.average is not None
    held = session.state.average.values
    assert all(torch.equal(value, held[name]) for name, value in last.model.state_dict().items())


def test_what_is_no_trained_model(
    session: Session, tmp_path: Path, cpu: Engine, catalogue: Catalogue
) -> None:
    with pytest.raises(MissingError, match="no such run"):
        load_trained(tmp_path / "absent", catalogue, cpu)
    with pytest.raises(MissingError, match="no checkpoint"):
        load_trained(tmp_path, catalogue, cpu)
    (tmp_path / "a.safetensors").write_bytes(b"spam")
    with pytest.raises(DataError):
        load_trained(tmp_path / "a.safetensors", catalogue, cpu)
    whole = read_checkpoint(session.run.checkpoint("best"))
    write_checkpoint(tmp_path / "b", whole.tensors, {"data": whole.record["data"]})
    with pytest.raises(MismatchError, match="holds no recipe"):
        load_trained(tmp_path / "b", catalogue, cpu)
    write_checkpoint(tmp_path / "c", dict(list(whole.tensors.items())[1:]), whole.record)
    with pytest.raises(MismatchError, match="does not fit: 1 tensors differ"):
        load_trained(tmp_path / "c", catalogue, cpu)
