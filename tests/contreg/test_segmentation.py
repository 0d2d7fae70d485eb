"""``contreg.segment``: one atlas, several, a supervised run's refusal."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import contreg
from tests.contreg.conftest import QUICK

HOW = {"model": "logdemons", "settings": QUICK, "device": "cpu", "precision": "float32"}


def test_labels_of_an_atlas_arrive_on_the_image(brains: Path, tmp_path: Path) -> None:
    atlas = brains / "moving.nii.gz", brains / "moving_labels.nii.gz"
    result = contreg.segment(brains / "fixed.nii.gz", atlas, **HOW)
    truth = np.asarray(nib.load(brains / "fixed_labels.nii.gz").dataobj)
    found = np.asarray(result.labels.dataobj)
    assert found.shape == truth.shape
    assert (found == truth)[truth > 0].mean() > 0.5
    voxel = abs(np.linalg.det(result.labels.affine[:3, :3]))
    label = max(result.volumes, key=result.volumes.get)
    assert result.volumes[label] == pytest.approx((found == label).sum() * voxel)
    assert {path.suffix for path in result.save(tmp_path)} >= {".gz", ".csv", ".json"}


def test_atlases_vote_and_their_shares_add_up(brains: Path) -> None:
    image = nib.load(brains / "moving.nii.gz")
    pairs = [
        (image, nib.load(brains / "moving_labels.nii.gz")),
        (brains / "fixed.nii.gz", brains / "fixed_labels.nii.gz"),
    ]
    result = contreg.segment(image, pairs, **HOW)
    shares = result.probabilities()
    total = sum(np.asarray(share.dataobj) for share in shares.values())
    assert total.max() <= 1 + 1e-6
    assert set(np.unique(np.asarray(result.labels.dataobj))) <= {0, *shares}


def test_a_mask_takes_the_brain_out_of_a_head(brains: Path) -> None:
    image = nib.load(brains / "fixed.nii.gz")
    voxels = np.asarray(image.dataobj)
    head = voxels + 50.0 * (voxels == 0)
    atlas = brains / "moving.nii.gz", brains / "moving_labels.nii.gz"
    mask = (voxels > 0).astype(np.uint8), image.affine
    plain = contreg.segment(image, atlas, **HOW)
    masked = contreg.segment((head, image.affine), atlas, mask=mask, **HOW)
    assert np.array_equal(np.asarray(plain.labels.dataobj), masked.labels)


@pytest.mark.parametrize(
    ("atlas", "words"), [((), "labelled images"), (["one.nii.gz"], "pairs"), ([("a", "b", "c")], "pairs")]
)
def test_an_atlas_is_a_pair_or_pairs(atlas: object, words: str, brains: Path) -> None:
    with pytest.raises(contreg.ContregError, match=words):
        contreg.segment(brains / "fixed.nii.gz", atlas, **HOW)
