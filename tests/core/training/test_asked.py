"""What a step asks of the model: samples only under a divergence, the swapped pair only for a loss that reads it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from contreg_core.cache import CachedCohort
from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.model import Model
from contreg_core.recipe import Recipe
from contreg_core.training.run_folder import RunFolder
from contreg_core.training.session import Session
from contreg_core.types import Registration

PAPER = {"alpha": "loss.gaussian-kl.weight=0", "beta": ("loss.dcl.weight=0",), "more": ()}
OWN = {
    "alpha": "loss.laplacian-kl.weight=0",
    "beta": ("loss.infonce.weight=0", "loss.local-contrast.weight=0"),
    "more": ("loss.local-contrast.radius=0",),  # on this grid everything is near
}
BASES = [("contrastive-vae/paper", PAPER), ("contrastive-vae", OWN)]
both_recipes = pytest.mark.parametrize(("base", "off"), BASES, ids=[base for base, _ in BASES])
Train = Callable[..., Session]


@pytest.fixture
def train(
    tmp_path: Path,
    toy_cache: CachedCohort,
    cpu: Engine,
    catalogue: Catalogue,
    tiny_recipe: Callable[..., Recipe],
) -> Train:
    """``train(base, *settings)``: three steps of batches of two."""
    folders = (tmp_path / str(number) for number in range(99))

    def run(base: str, *settings: str) -> Session:
        own = (
            "training.steps=3",
            "training.epochs=0",
            "training.validation=0",  # else any two pairs have a person in common
            "training.batch_size=2",
            "training.learning_rate=1e-2",
            "augmentation.rotate_degrees=0",
            "augmentation.flip_axis=-1",
        )
        recipe = tiny_recipe(*own, *settings, base=base)
        session = Session(recipe, toy_cache, RunFolder(next(folders)), cpu, catalogue)
        for _ in session.advance():
            pass
        return session

    return run


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Registration]]:
    """The registrations of all training steps."""
    found: list[Registration] = []
    forward = Model.forward

    def spied(self: Model, *given: object, **more: object) -> Registration:
        registration = forward(self, *given, **more)  # type: ignore[arg-type]
        if self.training:
            found.append(registration)
        return registration

    monkeypatch.setattr(Model, "forward", spied)
    return found


def weights(session: Session, but: str = "-") -> dict[str, torch.Tensor]:
    return {name: value for name, value in session.state.model.state_dict().items() if but not in name}


@both_recipes
def test_a_field_is_sampled_only_under_a_divergence(train: Train, seen, base: str, off) -> None:
    session = train(base, "decoder.log_variance_bias=0")
    assert len(seen) == 3
    assert not any(torch.equal(registration.drawn, registration.field.mean) for registration in seen)
    assert "log_variance" in session.state.objective.needed()
    seen.clear()
    train(base, off["alpha"], "decoder.log_variance_bias=0")
    assert len(seen) == 3
    assert all(torch.equal(registration.drawn, registration.field.mean) for registration in seen)


@both_recipes
def test_without_a_divergence_the_variance_is_of_no_account(train: Train, base: str, off) -> None:
    """The head that nothing holds neither moves nor disturbs: whatever it says, the same network is trained."""
    quiet, loud = (train(base, off["alpha"], f"decoder.log_variance_bias={bias}") for bias in (-10, 5))
    found, expected = weights(quiet, but="log_variance"), weights(loud, but="log_variance")
    assert [name for name, value in found.items() if not torch.equal(value, expected[name])] == []
    head = {name: value for name, value in weights(loud).items() if "log_variance" in name}
    assert any(bool((value == 5).all()) for value in head.values())
    assert all(bool(value.isfinite().all()) for value in head.values())


@both_recipes
def test_without_contrast_the_projection_does_not_move(train: Train, base: str, off) -> None:
    names = ("projection", "embedding", "encoder.local")
    with_it, without, longer = (
        train(base, *off["more"]),
        train(base, *off["beta"]),
        train(base, *off["beta"], "training.steps=4"),
    )
    projection = {n for n, _ in with_it.state.model.named_parameters() if any(part in n for part in names)}
    assert projection
    one, other, third = weights(with_it), weights(without), weights(longer)
    # The decayed average would forget its first values: the weights themselves are compared.
    assert [name for name in projection if not torch.equal(other[name], third[name])] == []
    assert [name for name in projection if torch.equal(one[name], other[name])] == []
    moved = [n for n, _ in without.state.model.named_parameters() if not torch.equal(other[n], third[n])]
    assert any(name.startswith("encoder.") for name in moved)


@pytest.mark.parametrize(
    "asked", ["loss.gradicon.weight=0.5", "loss.icon.weight=0.5", "loss.lncc.swapped=true"]
)
def test_the_swapped_pair_is_registered_where_a_loss_reads_it(train: Train, seen, asked: str) -> None:
    train("voxelmorph")
    assert all(registration.swapped is None for registration in seen)
    seen.clear()
    train("voxelmorph", asked)
    outer = [registration for registration in seen if registration.swapped is not None]
    assert len(outer) == 3
    for registration in outer:
        assert registration.swapped.pair.moving is registration.pair.fixed
        assert registration.swapped.swapped is None
