"""Symmetric prediction: exactly antisymmetric, so that the swapped registration is the inverse (oracles.md)."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.errors import MismatchError
from contreg_core.inference.symmetric import SymmetricModel
from contreg_core.inference.trained import TrainedModel
from contreg_core.labels import warp_labels
from contreg_core.recipe import Recipe, build

SPACE = (9, 12, 10)  # is padded
Make = Callable[..., TrainedModel]


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    # Bright, so that first weights answer at all.
    first, second = 20 * np.random.default_rng(0).random((2, *SPACE), dtype=np.float32)
    return first, second


@pytest.fixture
def make(catalogue: Catalogue, cpu: Engine, tiny_recipe: Callable[..., Recipe]) -> Make:
    """``make(*settings, base=...)``: a model with first weights large enough to move something."""

    def untrained(*settings: str, base: str = "contrastive-vae") -> TrainedModel:
        recipe = tiny_recipe(*settings, base=base)
        torch.manual_seed(0)
        model, _ = build(recipe, catalogue)
        return TrainedModel(model.eval(), recipe, cpu, {"data": {"landmarks": [1.0], "grid": list(SPACE)}})

    return untrained


MODELS = [
    ("contrastive-vae", "decoder.mean_std=0.3"),
    ("contrastive-vae", "decoder.mean_std=0.3", "warper.padding=zeros"),
    ("lapirn",),
    ("lapirn", "decoder.stages="),
]
every_model = pytest.mark.parametrize("asked", MODELS, ids=" ".join)


@every_model
def test_swapping_the_images_negates_the_velocity_and_inverts_the_map(make: Make, images, asked) -> None:
    base, *settings = asked
    model = SymmetricModel.of(make(*settings, base=base))
    moving, fixed = images
    there, back = model.register(moving, fixed, inverse=True), model.register(fixed, moving, inverse=True)
    assert there.drawn.abs().max() > 0.01
    assert torch.equal(there.field.mean, -back.field.mean)
    assert torch.equal(there.drawn, -back.drawn)
    assert there.inverse is not None
    assert torch.equal(there.inverse, back.displacement)
    assert torch.equal(there.displacement, back.inverse)
    assert torch.equal(there.warped_back, back.warped)
    assert there.displacement.shape == (1, 3, *SPACE)


def test_labels_carried_by_the_swap_and_by_the_inverse_are_the_same(make: Make, images) -> None:
    model = SymmetricModel.of(make("decoder.mean_std=0.3"))
    moving, fixed = images
    labels = np.random.default_rng(1).integers(0, 4, SPACE).astype(np.int16)
    swap = model.register(fixed, moving).displacement[0].numpy()
    inverse = model.register(moving, fixed, inverse=True).inverse[0].numpy()
    assert np.array_equal(warp_labels(labels, swap), warp_labels(labels, inverse))
    assert not np.array_equal(warp_labels(labels, swap), labels)


def test_it_is_the_mean_of_both_answers(make: Make, images) -> None:
    trained = make("decoder.mean_std=0.3")
    moving, fixed = images
    there, back = trained.register(moving, fixed), trained.register(fixed, moving)
    assert not torch.equal(there.drawn, -back.drawn)  # else nothing would be to do
    found = SymmetricModel.of(trained).register(moving, fixed)
    assert torch.allclose(found.drawn, (there.field.mean - back.field.mean) / 2)
    assert torch.equal(found.pair.moving, there.pair.moving)
    assert found.field.log_variance is None
    assert found.inverse is None


def test_otherwise_it_is_the_trained_model(make: Make) -> None:
    trained = make()
    model = SymmetricModel.of(trained)
    assert model.recipe is trained.recipe
    assert model.record is trained.record
    assert model.landmarks == trained.landmarks
    assert model.invertible
    assert model.prediction.words == ("symmetric",)


@pytest.mark.parametrize(
    "asked", [("voxelmorph",), ("contrastive-vae", "warper=displacement"), ("voxelmorph", "warper=svf")]
)
def test_displacements_are_refused(make: Make, asked: tuple[str, ...]) -> None:
    base, *settings = asked
    with pytest.raises(MismatchError, match="predicts displacements") as error:
        SymmetricModel.of(make(*settings, base=base))
    assert "contrastive-vae" in error.value.hint


def test_what_predicts_nothing_is_refused(tools) -> None:
    with pytest.raises(MismatchError, match="predicts nothing to average"):
        SymmetricModel.of(tools.KnownModel(np.zeros))
