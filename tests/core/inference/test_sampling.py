"""Posterior samples against distributions known in closed form."""

import numpy as np
import pytest
import torch

from contreg_core.errors import MismatchError
from contreg_core.inference.images import find_brain
from contreg_core.inference.references import Reference
from contreg_core.inference.register import register_images
from contreg_core.inference.sampling import entropy, spread
from contreg_core.inference.segment import segment_image
from contreg_core.types import Field
from contreg_core.volume import Volume
from contreg_plugins.warpers.displacement import DisplacementWarper

SHAPE = (20, 24, 18)
DEVIATION = 0.3


@pytest.fixture
def unsure(tools):
    """A model that answers a known displacement with one standard deviation, in voxels of 2 mm."""

    class Unsure(tools.KnownModel):
        @property
        def sampler(self):
            return DisplacementWarper()

        def register(self, moving, fixed, *, inverse=False):
            found = super().register(moving, fixed, inverse=inverse)
            variance = torch.full_like(found.field.mean, 2 * np.log(DEVIATION))
            return type(found)(**{**vars(found), "field": Field(found.field.mean, variance)})

    return Unsure(lambda space: np.broadcast_to(np.array([0.5, 0, -0.25])[:, None, None, None], (3, *space)))


def test_entropy_is_that_of_the_votes():
    labels = np.array([[7, 7, 1, 0], [7, 7, 2, 0], [7, 3, 3, 5], [7, 3, 4, 5]], np.uint16)
    assert entropy(labels) == pytest.approx([0, 1, 2, 1])
    assert entropy(labels[:1]) == pytest.approx(np.zeros(4))


def test_spread_is_a_length_in_millimetres():
    draws = np.zeros((2, 3, 4, 4, 4), np.float32)
    draws[0, 1], draws[1, 1] = 1, -1
    turned = np.array([[0, -2.5, 0, 9], [1, 0, 0, 9], [0, 0, 3, 9], [0, 0, 0, 1]])
    assert spread(draws, turned) == pytest.approx(np.full((4, 4, 4), 2.5 * np.sqrt(2)))


def test_mean_and_uncertainty_on_the_fixed_grid(tools, unsure):
    torch.manual_seed(0)
    fixed = tools.brain_at(tools.affine_of(tools.PERMUTED["PIR"], (1.5, 2.0, 3.1), SHAPE), SHAPE)
    moving = tools.brain_at(tools.affine_of(np.eye(3), (2.2, 2.2, 2.2), (24, 26, 25)), (24, 26, 25))
    labels = Volume((moving.array > 1.5).astype(np.uint8), moving.affine)
    result = register_images(unsure, moving, fixed, moving_labels=labels, samples=200)
    found = result.posterior
    assert found.count == 200
    assert found.uncertainty.array.shape == found.entropy.array.shape == SHAPE
    assert np.array_equal(found.uncertainty.affine, fixed.affine)
    expected = 2.0 * DEVIATION * np.sqrt(3)
    assert found.uncertainty_mm["p50"] == pytest.approx(expected, rel=0.05)
    assert np.median(found.uncertainty.array) == pytest.approx(expected, rel=0.05)
    assert result.displacement.vectors.mean(axis=(1, 2, 3)) == pytest.approx([1, 0, -0.5], abs=0.02)
    assert 0 <= found.entropy.array.min() < found.entropy.array.max() <= 1
    inside, outside = labels.array.all(), found.entropy.array[0, 0, 0]
    assert outside == inside == 0


def test_without_samples_nothing_is_drawn(tools, unsure):
    image = tools.brain_at(tools.affine_of(np.eye(3), (2.0,) * 3, SHAPE), SHAPE)
    before = torch.get_rng_state()
    assert register_images(unsure, image, image).posterior is None
    assert torch.equal(torch.get_rng_state(), before)


def test_a_model_without_variance_is_refused(tools):
    class Sure(tools.KnownModel):
        sampler = None

    image = tools.brain_at(tools.affine_of(np.eye(3), (2.0,) * 3, SHAPE), SHAPE)
    model = Sure(lambda space: np.zeros((3, *space)))
    reference = Reference("r", find_brain(image), Volume((image.array > 1).astype(np.uint8), image.affine))
    for attempt in (
        lambda: register_images(model, image, image, samples=2),
        lambda: segment_image(model, image, [reference], samples=2),
    ):
        with pytest.raises(MismatchError, match="'known' gives no variance") as caught:
            attempt()
        assert "contrastive-vae" in caught.value.hint
        assert model.seen == []


@pytest.mark.parametrize("fuse", ["majority", "weighted"])
def test_every_sample_votes(tools, unsure, fuse):
    torch.manual_seed(0)
    image = tools.brain_at(tools.affine_of(np.eye(3), (2.0,) * 3, SHAPE), SHAPE)
    reference = Reference("r", find_brain(image), Volume((image.array > 1.5).astype(np.uint8), image.affine))
    found = segment_image(unsure, image, [reference, reference], samples=10, fuse=fuse)
    assert len(found.carried) == 20
    ((label, share),) = found.probabilities()
    assert label == 1
    assert share.array.max() == pytest.approx(1)
    assert ((share.array > 0.2) & (share.array < 0.8)).mean() > 0.02
