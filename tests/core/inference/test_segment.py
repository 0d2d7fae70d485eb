"""Label propagation: the known answer comes back, one reference fused is that reference."""

from functools import cache

import numpy as np
import pytest
import torch

from contreg_core import spatial
from contreg_core.errors import DataError
from contreg_core.inference.images import find_brain
from contreg_core.inference.references import Reference, split_atlas
from contreg_core.inference.segment import segment_image
from contreg_core.volume import Volume

SHAPE = (56, 36, 34)


def exp(velocity):
    return spatial.integrate(torch.from_numpy(velocity)[None])


def blobs(tools, affine):
    """Two blobs of radius 10.5 voxels and a small one between them."""
    p = tools.world(affine, SHAPE)
    labels = np.zeros(SHAPE, np.uint16)
    for number, centre, radius in ((21, (-24, 0, 0), 21), (182, (24, 2, -2), 21), (1035, (0, 22, 10), 8)):
        near = sum((p[k] - centre[k]) ** 2 for k in range(3)) < radius**2
        labels[near & (labels == 0)] = number
    return labels


def dice(first, second, label):
    a, b = first == label, second == label
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture
def scene(tools):
    """An image x with labels, and y = x(p + u(p)) with labels carried likewise; u = exp(v) is known."""
    affine = tools.affine_of(np.eye(3), (2.0, 2.0, 2.0), SHAPE)
    image = tools.brain_at(affine, SHAPE)
    truth = blobs(tools, affine)
    forward = exp(tools.smooth_velocity(SHAPE))
    moved = spatial.warp(torch.from_numpy(image.array)[None, None], forward)[0, 0].numpy()
    carried = spatial.warp(torch.from_numpy(truth.astype(np.float32))[None, None], forward, mode="nearest")[
        0, 0
    ]
    reference = Reference(
        "y", find_brain(Volume(moved, affine)), Volume(carried.numpy().astype(np.uint16), affine)
    )
    return image, truth, reference


@pytest.fixture
def model(tools):
    return tools.KnownModel(cache(lambda space: exp(-tools.smooth_velocity(space))[0].numpy()))


def test_labels_come_back_through_the_exact_inverse(scene, model):
    """oracles.md."""
    image, truth, reference = scene
    before = dice(reference.labels.array, truth, 21)
    found = segment_image(model, image, [reference])
    for label in (21, 182):
        assert dice(found.labels.array, truth, label) > 0.97
    assert before < 0.97
    assert found.qualities[0].ncc_after > found.qualities[0].ncc_before


@pytest.mark.parametrize("fuse", ["majority", "weighted", "staple"])
def test_one_reference_fused_is_that_reference(scene, model, fuse):
    image, _, reference = scene
    found = segment_image(model, image, [reference], fuse=fuse)
    assert np.array_equal(found.labels.array, found.carried[0])
    again = segment_image(model, image, [reference] * 2, fuse=fuse)
    assert np.array_equal(again.labels.array, found.labels.array)


def test_labels_on_the_images_own_grid_keep_their_ids(scene, model, tools):
    _, _, reference = scene
    shape = (30, 48, 50)
    image = tools.brain_at(tools.affine_of(tools.PERMUTED["PIR"], (1.9, 2.1, 1.6), shape), shape)
    found = segment_image(model, image, [reference])
    assert found.labels.array.shape == shape
    assert np.array_equal(found.labels.affine, image.affine)
    assert set(np.unique(found.labels.array)) == {0, 21, 182, 1035}
    voxel = 1.9 * 2.1 * 1.6
    assert found.volumes()[182] == pytest.approx((found.labels.array == 182).sum() * voxel)


def test_the_most_similar_reference_is_taken(scene, model, tools):
    image, _, reference = scene
    other = tools.brain_at(image.affine, SHAPE, seed=2)
    unlike = Reference("unlike", find_brain(other), reference.labels)
    far = image.affine.copy()
    far[0, 3] += 900
    gone = Reference("gone", find_brain(Volume(other.array, far)), Volume(reference.labels.array, far))
    found = segment_image(model, image, [gone, unlike, reference], most=1)
    assert found.references == ("y",)
    assert segment_image(model, image, [gone, unlike, reference], most=2).references == ("y", "unlike")
    with pytest.raises(DataError, match="do not meet"):
        segment_image(model, image, [gone])


def test_weighted_votes_trust_what_fits_locally(scene, model, tools):
    """Two wrong references against one right one: the majority is fooled, local similarity is not (where it sees)."""
    image, truth, reference = scene
    wrong_labels = Volume(np.where(reference.labels.array > 0, 7, 0).astype(np.uint16), image.affine)
    noise = np.random.default_rng(0).uniform(0.5, 3, SHAPE).astype(np.float32) * (image.array > 0)
    wrong = Reference("wrong", find_brain(Volume(noise, image.affine)), wrong_labels)
    references = [wrong, reference, wrong]
    assert dice(segment_image(model, image, references).labels.array, truth, 21) == 0
    weighted = segment_image(model, image, references, fuse="weighted").labels.array
    seen = image.array > 0.5
    assert dice(weighted[seen], truth[seen], 21) > 0.9


@pytest.mark.parametrize("fuse", ["majority", "staple"])
def test_probabilities_of_one_reference_are_its_labels(scene, model, fuse):
    image, _, reference = scene
    found = segment_image(model, image, [reference], fuse=fuse)
    shares = list(found.probabilities())
    assert [label for label, _ in shares] == [21, 182, 1035]
    for label, share in shares:
        assert np.array_equal(share.array, found.labels.array == label)


def test_an_atlas_is_split_at_the_last_colon_that_leaves_two_files(tmp_path):
    image, labels = tmp_path / "a:b.nii", tmp_path / "c:d.nii"
    for path in (image, labels):
        path.touch()
    assert split_atlas(f"{image}:{labels}") == (image, labels)
    assert [str(path) for path in split_atlas("x:y:z")] == ["x:y", "z"]
    assert split_atlas("lpba40") is None
